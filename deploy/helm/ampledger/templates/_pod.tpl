{{/* What all pods have in common: nothing more than they need. */}}

{{- define "ampledger.pod.security" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "ampledger.container.security" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Where pods may run: dict "root" $ "own" VALUES-OF-THE-SERVICE "component" NAME. */}}
{{- define "ampledger.pod.placement" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "ampledger.pod.security" . | nindent 2 }}
{{- end -}}

{{/*
A service's Deployment:
  root       the chart
  component  what its objects are called
  service    whose image, key and database it has
  env, mounts, volumes   further ones, as YAML
  ports      further ports of the container, as YAML
  replicas   how many; empty where something else says so
  drain      seconds that it lets others go in, before it ends
*/}}
{{- define "ampledger.workload" -}}
{{- $root := .root -}}
{{- $own := index $root.Values .component -}}
{{- $who := dict "root" $root "as" .service -}}
{{- $drain := int (default 0 .drain) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "ampledger.fullname" $root }}-{{ .component }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "ampledger.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  {{- if .replicas }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  minReadySeconds: {{ $root.Values.rollout.minReadySeconds }}
  progressDeadlineSeconds: {{ add 600 (int $root.Values.rollout.startupSeconds) $drain }}
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  selector:
    matchLabels:
      {{- include "ampledger.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "ampledger.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with $own.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $own.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "ampledger.fullname" $root }}
      {{- include "ampledger.pod.placement" (dict "root" $root "own" $own) | nindent 6 }}
      terminationGracePeriodSeconds: {{ add (int $root.Values.rollout.preStopSeconds) $drain 30 }}
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "ampledger.selector" $root | nindent 14 }}
              app.kubernetes.io/component: {{ $.component }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      containers:
        - name: {{ .service }}
          image: {{ include "ampledger.image" (dict "root" $root "service" .component "of" .service) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          securityContext:
            {{- include "ampledger.container.security" . | nindent 12 }}
          env:
            {{- include "ampledger.connections.env" $who | nindent 12 }}
            - name: AMPLEDGER_HEALTH_HOST
              value: 0.0.0.0
            - name: AMPLEDGER_HEALTH_PORT
              value: "8080"
            - name: AMPLEDGER_LOG
              value: json
            {{- include "ampledger.tracing.env" (dict "root" $root "component" .component) | nindent 12 }}
            {{- with .env }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- with $own.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - name: health
              containerPort: 8080
            {{- with .ports }}
            {{- . | nindent 12 }}
            {{- end }}
          startupProbe:
            httpGet:
              path: /health/start
              port: health
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: {{ div (int $root.Values.rollout.startupSeconds) 2 }}
          readinessProbe:
            httpGet:
              path: /health/ready
              port: health
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 2
          livenessProbe:
            httpGet:
              path: /health/live
              port: health
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          lifecycle:
            preStop:
              sleep:
                seconds: {{ $root.Values.rollout.preStopSeconds }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          volumeMounts:
            {{- include "ampledger.connections.mounts" $who | nindent 12 }}
            {{- with .mounts }}
            {{- . | nindent 12 }}
            {{- end }}
      volumes:
        {{- include "ampledger.connections.volumes" $who | nindent 8 }}
        {{- with .volumes }}
        {{- . | nindent 8 }}
        {{- end }}
{{- end -}}

{{/* OpenTelemetry's own variables; nothing where nobody takes traces. */}}
{{- define "ampledger.tracing.env" -}}
{{- with .root.Values.tracing -}}
{{- if .endpoint -}}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ .endpoint | quote }}
- name: OTEL_TRACES_SAMPLER
  value: parentbased_traceidratio
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ .sampleRatio | quote }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A key of a service: dict "root" $ "file" NAME. */}}
{{- define "ampledger.keys.volume" -}}
- name: keys
  secret:
    secretName: {{ .root.Values.keys.existingSecret }}
    defaultMode: 0440
    items:
      {{- range .files }}
      - key: {{ . }}
        path: {{ . }}
      {{- end }}
{{- end -}}

{{- define "ampledger.keys.mount" -}}
- name: keys
  mountPath: /etc/ampledger/keys
  readOnly: true
{{- end -}}

{{/* How e-mail goes out, where it does: NAME of the setting that takes the server's address. */}}
{{- define "ampledger.mail.env" -}}
{{- if .root.Values.mail.existingSecret -}}
- name: PERMISSIONS_SMTP_URL
  valueFrom:
    secretKeyRef:
      name: {{ .root.Values.mail.existingSecret }}
      key: url
- name: PERMISSIONS_MAIL_FROM
  value: {{ .root.Values.mail.from | quote }}
{{- end -}}
{{- end -}}
