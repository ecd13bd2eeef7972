"""Images, audio and files in a request: where they stand, and what around them is text. Pure."""

from __future__ import annotations

from gateway.types import Json, Path
from gateway.wire.leaves import Collector

MEDIA_PARTS = frozenset({"image_url", "input_audio", "file", "video_url", "audio_url", "image"})
MEDIA_KEYS = MEDIA_PARTS.union(
    "images videos audios source image_embeds audio_embeds input_image input_file".split()
)
_BYTES = frozenset({"data", "file_data"})
_AROUND = frozenset({"url", "detail", "format", "filename", "file_id"})


def media_part(
    collector: Collector, path: Path, part: dict[str, Json], kind: str, role: str
) -> None:
    """All of a media part but the media: names of files, addresses, whatever else is there."""
    for key, value in part.items():
        here = (*path, key)
        if key == "type":
            continue
        if key != kind or not isinstance(value, dict):
            collector.member(here, value, role)
            continue
        for name, child in value.items():
            is_data = isinstance(child, str) and child.startswith("data:")
            if name not in _BYTES and not (name == "url" and is_data):
                collector.member((*here, name), child, role, known=name in _AROUND)
