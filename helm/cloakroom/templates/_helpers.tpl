{{- define "cloakroom.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "cloakroom.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "cloakroom.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "cloakroom.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* Of the gateways alone, and never changed: a Deployment's selector cannot be. */ -}}
{{- define "cloakroom.selector" -}}
app.kubernetes.io/name: {{ include "cloakroom.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end -}}

{{- /* Of another component: (list CONTEXT NAME). */ -}}
{{- define "cloakroom.selectorOf" -}}
app.kubernetes.io/name: {{ include "cloakroom.name" (first .) }}
app.kubernetes.io/instance: {{ (first .).Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end -}}

{{- define "cloakroom.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
app.kubernetes.io/name: {{ include "cloakroom.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "cloakroom.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "cloakroom.sqlite" -}}
{{- if hasPrefix "sqlite:" .Values.audit.url }}true{{ end -}}
{{- end -}}

{{- define "cloakroom.scheme" -}}
{{- if .Values.tls.existingSecret }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{- define "cloakroom.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "cloakroom.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "cloakroom.vllmImage" -}}
{{- with .Values.vllm.deployment.image -}}
{{- if .digest }}{{ printf "%s@%s" .repository .digest }}{{ else }}{{ printf "%s:%s" .repository .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /* What the chart itself adds to the upstreams: its vLLM, and the model of `helm test`. */ -}}
{{- define "cloakroom.upstreams" -}}
{{- $all := list -}}
{{- with .Values.vllm.deployment -}}
{{- if .enabled -}}
{{- $own := dict "name" "vllm" "kind" "vllm" "class" "on_prem"
      "models" (concat (list .model.name) (keys .lora.adapters | sortAlpha))
      "api_key" (printf "${file:/run/secrets/cloakroom/%s}" .keyKey)
      "dns" (dict "name" (printf "%s-vllm.%s.svc" (include "cloakroom.fullname" $) $.Release.Namespace) "port" 8000) -}}
{{- $all = append $all (merge (deepCopy .upstream) $own) -}}
{{- end -}}
{{- end -}}
{{- if .Values.tests.gateway.enabled -}}
{{- $all = append $all (dict "name" "canary" "kind" "openai" "class" "on_prem"
      "models" (list "cloakroom-canary") "families" (list "chat")
      "base_url" (printf "http://%s-canary.%s.svc:8090/v1" (include "cloakroom.fullname" .) .Release.Namespace)) -}}
{{- end -}}
{{- toYaml (concat $all .Values.upstreams) -}}
{{- end -}}

{{- /* The configuration file, for a login at the log. What the chart decides goes before `config`. */ -}}
{{- define "cloakroom.configFor" -}}
{{- $values := .root.Values -}}
{{- $listen := dict "host" "0.0.0.0" "port" 8080 -}}
{{- if $values.tls.existingSecret -}}
{{- $_ := set $listen "tls" (dict "cert_file" "/run/secrets/tls/tls.crt" "key_file" "/run/secrets/tls/tls.key") -}}
{{- end -}}
{{- $auth := dict "mode" $values.auth.mode -}}
{{- if eq $values.auth.mode "keys" -}}
{{- $_ := set $auth "keys_file" "/run/secrets/cloakroom/keys.yaml" -}}
{{- else -}}
{{- $_ := set $auth "allow_unauthenticated" true -}}
{{- end -}}
{{- $audit := dict "url" .url "signing_key_file" "/run/secrets/cloakroom/signing.key" -}}
{{- if .password -}}
{{- $_ := set $audit "password" (printf "${file:%s}" .password) -}}
{{- end -}}
{{- $own := dict "version" 1 "listen" $listen "auth" $auth "policies" $values.policies
      "upstreams" (include "cloakroom.upstreams" .root | fromYamlArray)
      "audit" (merge $audit (deepCopy $values.audit.extra))
      "secrets" (dict "master_key" "${file:/run/secrets/cloakroom/master.key}") -}}
{{- toYaml (merge $own (deepCopy $values.config)) -}}
{{- end -}}

{{- define "cloakroom.config" -}}
{{- $password := "" -}}
{{- with .Values.audit.passwordKey }}{{ $password = printf "/run/secrets/cloakroom/%s" . }}{{ end -}}
{{- include "cloakroom.configFor" (dict "root" . "url" .Values.audit.url "password" $password) -}}
{{- end -}}

{{- /* As the keeper of the log sees it; SQLite has one owner alone. */ -}}
{{- define "cloakroom.jobsConfig" -}}
{{- if include "cloakroom.sqlite" . -}}
{{- include "cloakroom.config" . -}}
{{- else -}}
{{- $password := printf "/run/secrets/database/%s" .Values.jobs.database.passwordKey -}}
{{- include "cloakroom.configFor" (dict "root" . "url" .Values.jobs.database.url "password" $password) -}}
{{- end -}}
{{- end -}}

{{- define "cloakroom.hasJobs" -}}
{{- with .Values.jobs }}{{ if or .prune.enabled .anchor.enabled .evidence.enabled }}true{{ end }}{{ end -}}
{{- end -}}

{{- /* The projected volume with a configuration and the policy files beside it. */ -}}
{{- define "cloakroom.configVolume" -}}
- name: config
  projected:
    sources:
      - configMap: {name: {{ .name }}}
      {{- with .root.Values.policyFiles }}
      - configMap:
          name: {{ include "cloakroom.fullname" $.root }}-policies
          items:
            {{- range $file, $_ := . }}
            - {key: {{ $file }}, path: policies/{{ $file }}}
            {{- end }}
      {{- end }}
{{- end -}}

{{- define "cloakroom.dns" -}}
{{- with .Values.networkPolicy.dnsTo }}
- to: {{- toYaml . | nindent 4 }}
  ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- end }}
{{- end -}}

{{- define "cloakroom.toDatabase" -}}
{{- with .Values.networkPolicy.database }}
{{- if .to }}
- to: {{- toYaml .to | nindent 4 }}
  ports: [{port: {{ .port }}, protocol: TCP}]
{{- end }}
{{- end }}
{{- end -}}

{{- /* Rules of egress as values name them: peers and ports. */ -}}
{{- define "cloakroom.egress" -}}
{{- range . }}
- to: {{- toYaml .to | nindent 4 }}
  ports:
    {{- range .ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}
{{- end -}}
