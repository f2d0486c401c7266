{{- /* The chart that an object says it is of. */}}
{{- define "minihub.chart" -}}
jupyterhub-{{ ternary "1.2.0" .Chart.Version .Values.legacy }}
{{- end }}

{{- /* What a selector selects: the legacy labels, in every version of z2jh so far. Of: (list $ component). */}}
{{- define "minihub.selector" -}}
{{- $ := index . 0 -}}
component: {{ index . 1 }}
app: jupyterhub
release: {{ $.Release.Name }}
{{- end }}

{{- /* Labels of a pod template: no version, so that an upgrade alone does not restart a pod. */}}
{{- define "minihub.podLabels" -}}
{{- $ := index . 0 -}}
{{ include "minihub.selector" . }}
{{- if not $.Values.legacy }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/name: jupyterhub
app.kubernetes.io/instance: {{ $.Release.Name }}
{{- end }}
{{- end }}

{{- /* What an object is called: with fullnameOverride several hubs fit into a namespace. Of: (list $ name). */}}
{{- define "minihub.name" -}}
{{- $ := index . 0 -}}
{{ with $.Values.fullnameOverride }}{{ . }}-{{ end }}{{ index . 1 }}
{{- end }}

{{- /* Labels of an object. */}}
{{- define "minihub.labels" -}}
{{- $ := index . 0 -}}
{{ include "minihub.podLabels" . }}
chart: {{ include "minihub.chart" $ }}
heritage: {{ $.Release.Service }}
{{- if not $.Values.legacy }}
helm.sh/chart: {{ include "minihub.chart" $ }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
{{- end }}
{{- end }}

{{- define "minihub.pdbVersion" -}}
{{ ternary "policy/v1beta1" "policy/v1" .Values.legacy }}
{{- end }}

{{- /* An image; in the legacy shape, where that one was then. Of: (list $ image name-then). */}}
{{- define "minihub.image" -}}
{{- $ := index . 0 }}{{ $image := index . 1 -}}
{{ if $.Values.legacy }}{{ index . 2 }}{{ else }}{{ $image.name }}:{{ $image.tag }}{{ end }}
{{- end }}

{{- /* Where core pods or user pods like to be. Of: (list purpose matchNodePurpose). */}}
{{- define "minihub.affinity" -}}
{{- $purpose := index . 0 }}{{ $match := index . 1 -}}
{{- $terms := dict "matchExpressions" (list (dict "key" "hub.jupyter.org/node-purpose" "operator" "In" "values" (list $purpose))) -}}
{{- if eq $match "prefer" }}
affinity:
  nodeAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        preference: {{ $terms | toJson }}
{{- else if eq $match "require" }}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - {{ $terms | toJson }}
{{- end }}
{{- end }}

{{- /* How a container that needs nothing is locked down. */}}
{{- define "minihub.locked" -}}
{runAsUser: 65534, runAsGroup: 65534, runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
{{- end }}

{{- define "minihub.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
helm.sh/hook-weight: {{ . | quote }}
{{- end }}

{{- define "minihub.scheduler" -}}
{{ .Values.fullnameOverride | default .Release.Name }}-user-scheduler
{{- end }}

{{- /* Everything that the hub's pod is told, with what chart and release it is. */}}
{{- define "minihub.secretValues" -}}
{{- $chart := dict "Name" .Chart.Name "Version" (ternary "1.2.0" .Chart.Version .Values.legacy) "AppVersion" (ternary "1.5.0" .Chart.AppVersion .Values.legacy) -}}
{{- $release := dict "Name" .Release.Name "Namespace" .Release.Namespace "Service" .Release.Service -}}
{{- merge (dict "Chart" $chart "Release" $release) (omit .Values "legacy") | toYaml }}
{{- end }}

{{- /* A secret that stays the same over upgrades and differs between releases. Of: (list $ name). */}}
{{- define "minihub.seed" -}}
{{- $ := index . 0 -}}
{{ printf "%s/%s/%s" $.Release.Namespace $.Release.Name (index . 1) | sha256sum }}
{{- end }}

{{- /* The DaemonSet that pulls images, as a hook or for as long as the release lives. Of: (list $ name). */}}
{{- define "minihub.puller" -}}
{{- $ := index . 0 }}{{ $name := index . 1 }}{{ $hook := eq $name "hook-image-puller" -}}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: {{ include "minihub.name" . }}
  labels:
    {{- include "minihub.labels" . | nindent 4 }}
    {{- if $hook }}
    hub.jupyter.org/deletable: "true"
  annotations:
    {{- include "minihub.hook" "-10" | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "minihub.selector" . | nindent 6 }}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 100%
  template:
    metadata:
      labels:
        {{- include "minihub.podLabels" . | nindent 8 }}
    spec:
      {{- /* Not for the hook: it runs before there is a PriorityClass. */}}
      {{- if and $.Values.scheduling.podPriority.enabled (not $hook) }}
      priorityClassName: {{ $.Release.Name }}-{{ ternary "user-placeholder" "image-puller" $.Values.legacy }}-priority
      {{- end }}
      nodeSelector: {{ $.Values.singleuser.nodeSelector | toJson }}
      tolerations: {{ concat $.Values.scheduling.userPods.tolerations $.Values.singleuser.extraTolerations $.Values.prePuller.extraTolerations | toJson }}
      {{- if eq $.Values.scheduling.userPods.nodeAffinity.matchNodePurpose "require" }}
      {{- include "minihub.affinity" (list "user" "require") | nindent 6 }}
      {{- end }}
      terminationGracePeriodSeconds: 0
      automountServiceAccountToken: false
      {{- if not $.Values.legacy }}
      serviceAccountName: {{ include "minihub.name" . }}
      {{- end }}
      initContainers:
        - name: image-pull-metadata-block
          image: {{ include "minihub.image" (list $ $.Values.singleuser.networkTools.image "jupyterhub/k8s-network-tools:1.2.0") }}
          command: [/bin/sh, -c, echo pulled]
          securityContext: {{ include "minihub.locked" $ }}
        - name: image-pull-singleuser
          image: {{ $.Values.singleuser.image.name }}:{{ $.Values.singleuser.image.tag }}
          command: [/bin/sh, -c, echo pulled]
          securityContext: {{ include "minihub.locked" $ }}
        {{- range $key, $profile := $.Values.singleuser.profileList }}
        {{- with dig "kubespawner_override" "image" "" $profile }}
        - name: image-pull-singleuser-profilelist-{{ $key }}
          image: {{ . }}
          command: [/bin/sh, -c, echo pulled]
          securityContext: {{ include "minihub.locked" $ }}
        {{- end }}
        {{- end }}
        {{- range $key, $image := $.Values.prePuller.extraImages }}
        - name: image-pull-{{ $key }}
          image: {{ $image.name }}:{{ $image.tag }}
          command: [/bin/sh, -c, echo pulled]
          securityContext: {{ include "minihub.locked" $ }}
        {{- end }}
      containers:
        - name: pause
          image: {{ include "minihub.image" (list $ $.Values.prePuller.pause.image "k8s.gcr.io/pause:3.5") }}
          securityContext: {{ include "minihub.locked" $ }}
{{- end }}

{{- /* Not empty if the hook has to run: it does not when what it pulled last time is what it would pull now. */}}
{{- define "minihub.pulls" -}}
{{- $last := lookup "v1" "ConfigMap" .Release.Namespace (include "minihub.name" (list . "hub")) -}}
{{- $checksum := include "minihub.puller" (list . "hook-image-puller") | sha256sum -}}
{{- if and .Values.prePuller.hook.enabled (not (and .Values.prePuller.hook.pullOnlyOnChanges $last (eq $checksum (dig "data" "checksum_hook-image-puller" "" ($last | default dict))))) -}}
yes
{{- end }}
{{- end }}
