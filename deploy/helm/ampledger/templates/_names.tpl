{{/* Names, labels and images. */}}

{{- define "ampledger.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* What every name of the release begins with; short enough for the longest ending. */}}
{{- define "ampledger.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "ampledger.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "ampledger.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ampledger.selector" -}}
app.kubernetes.io/name: {{ include "ampledger.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ampledger.labels" -}}
{{ include "ampledger.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: ampledger
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end -}}

{{/* The image of a service: dict "root" $ "service" NAME. A digest wins over a tag. */}}
{{- define "ampledger.image" -}}
{{- $root := .root -}}
{{- $own := (index $root.Values .service).image -}}
{{- $repository := default (printf "%s/%s" $root.Values.image.repository (default .service .of)) $own.repository -}}
{{- $place := $repository -}}
{{- with $root.Values.image.registry -}}{{- $place = printf "%s/%s" . $repository -}}{{- end -}}
{{- if $own.digest -}}
{{- printf "%s@%s" $place $own.digest -}}
{{- else -}}
{{- printf "%s:%s" $place (coalesce $own.tag $root.Values.image.tag $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The one program of an image besides its own: it has no shell. */}}
{{- define "ampledger.python" -}}
/usr/bin/python3.11
{{- end -}}
