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

{{- /* The configuration file. What the chart decides goes before `config`. */ -}}
{{- define "cloakroom.config" -}}
{{- $listen := dict "host" "0.0.0.0" "port" 8080 -}}
{{- if .Values.tls.existingSecret -}}
{{- $_ := set $listen "tls" (dict "cert_file" "/run/secrets/tls/tls.crt" "key_file" "/run/secrets/tls/tls.key") -}}
{{- end -}}
{{- $auth := dict "mode" .Values.auth.mode -}}
{{- if eq .Values.auth.mode "keys" -}}
{{- $_ := set $auth "keys_file" "/run/secrets/cloakroom/keys.yaml" -}}
{{- else -}}
{{- $_ := set $auth "allow_unauthenticated" true -}}
{{- end -}}
{{- $audit := dict "url" .Values.audit.url "signing_key_file" "/run/cloakroom/signing.key" -}}
{{- if .Values.audit.passwordKey -}}
{{- $_ := set $audit "password" (printf "${file:/run/secrets/cloakroom/%s}" .Values.audit.passwordKey) -}}
{{- end -}}
{{- $own := dict "version" 1 "listen" $listen "auth" $auth "policies" .Values.policies
      "upstreams" .Values.upstreams "audit" (merge $audit (deepCopy .Values.audit.extra))
      "secrets" (dict "master_key" "${file:/run/cloakroom/master.key}") -}}
{{- toYaml (merge $own (deepCopy .Values.config)) -}}
{{- end -}}
