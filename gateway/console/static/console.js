// Markup comes into a page only through this policy, from answers of this console to htmx; there
// is none for scripts. What the pages do with it they do without it as well, just less smoothly.
"use strict";
if (window.trustedTypes) {
  window.trustedTypes.createPolicy("default", { createHTML: (text) => text });
}
