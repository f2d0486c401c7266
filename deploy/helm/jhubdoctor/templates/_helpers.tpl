{{- define "jhubdoctor.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* A CronJob's name has 52 characters at most, as its Jobs append to it. */}}
{{- define "jhubdoctor.fullname" -}}
{{- $name := include "jhubdoctor.name" . -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "jhubdoctor.selector" -}}
app.kubernetes.io/name: {{ include "jhubdoctor.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "jhubdoctor.labels" -}}
{{ include "jhubdoctor.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "jhubdoctor.account" -}}
{{ .Values.serviceAccount.name | default (ternary (include "jhubdoctor.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- define "jhubdoctor.namespace" -}}
{{ .Values.hubs.namespace | default .Release.Namespace }}
{{- end }}

{{- define "jhubdoctor.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The rules that `jhubdoctor rbac` prints, less Secrets where they are withheld. */}}
{{- define "jhubdoctor.rules" -}}
{{- $rules := .Files.Get (printf "files/rules-%s.yaml" .Values.rbac.scope) | fromYamlArray -}}
{{- $kept := list -}}
{{- range $rules -}}
{{- if $.Values.rbac.secrets -}}
{{- $kept = append $kept . -}}
{{- else if not (has "secrets" (.resources | default list)) -}}
{{- $kept = append $kept . -}}
{{- else if without .resources "secrets" -}}
{{- $kept = append $kept (merge (dict "resources" (without .resources "secrets")) .) -}}
{{- end -}}
{{- end -}}
{{ toYaml $kept }}
{{- end }}

{{/* Options that both modes have. */}}
{{- define "jhubdoctor.arguments" -}}
{{- if or .Values.hubs.namespace (eq .Values.rbac.scope "namespace") }}
- --namespace
- {{ include "jhubdoctor.namespace" . | quote }}
{{- else }}
- --all-namespaces
{{- end }}
{{- with .Values.hubs.release }}
- --release
- {{ . | quote }}
{{- end }}
{{- with .Values.select }}
- --select
- {{ join "," . | quote }}
{{- end }}
{{- with .Values.ignore }}
- --ignore
- {{ join "," . | quote }}
{{- end }}
- --timeout
- {{ .Values.timeout | quote }}
{{- if or .Values.acceptUnknown (eq .Values.rbac.scope "namespace") (not .Values.rbac.secrets) }}
- --accept-unknown
{{- end }}
{{- if .Values.config }}
- --config
- /etc/jhubdoctor/jhubdoctor.toml
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What both modes say of the pod. */}}
{{- define "jhubdoctor.pod" -}}
serviceAccountName: {{ include "jhubdoctor.account" . }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if or .Values.config .Values.extraVolumes }}
volumes:
  {{- if .Values.config }}
  - name: config
    configMap:
      name: {{ include "jhubdoctor.fullname" . }}
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "jhubdoctor.container" -}}
name: jhubdoctor
image: {{ include "jhubdoctor.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
{{- if or .Values.config .Values.extraVolumeMounts }}
volumeMounts:
  {{- if .Values.config }}
  - name: config
    mountPath: /etc/jhubdoctor
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}
