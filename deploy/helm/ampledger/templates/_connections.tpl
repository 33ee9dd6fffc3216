{{/* Where NATS and PostgreSQL are, and with what a pod signs in there: environment and files. */}}

{{- define "ampledger.database.cluster" -}}
{{- printf "%s-db" (include "ampledger.fullname" .) -}}
{{- end -}}

{{- define "ampledger.database.host" -}}
{{- if .Values.cloudnativepg.enabled -}}
{{- printf "%s-rw" (include "ampledger.database.cluster" .) -}}
{{- else -}}
{{- .Values.externalPostgresql.host -}}
{{- end -}}
{{- end -}}

{{- define "ampledger.database.port" -}}
{{- ternary 5432 (.Values.externalPostgresql.port | int) .Values.cloudnativepg.enabled -}}
{{- end -}}

{{- define "ampledger.database.prefix" -}}
{{- ternary "ampledger" .Values.externalPostgresql.database .Values.cloudnativepg.enabled -}}
{{- end -}}

{{/* The secret with the certificate of who signed that of PostgreSQL; empty where none is needed. */}}
{{- define "ampledger.database.caSecret" -}}
{{- if .Values.cloudnativepg.enabled -}}
{{- printf "%s-ca" (include "ampledger.database.cluster" .) -}}
{{- else -}}
{{- .Values.externalPostgresql.caSecret -}}
{{- end -}}
{{- end -}}

{{- define "ampledger.database.ownerSecret" -}}
{{- if .Values.cloudnativepg.enabled -}}
{{- printf "%s-app" (include "ampledger.database.cluster" .) -}}
{{- else -}}
{{- .Values.externalPostgresql.ownerSecret -}}
{{- end -}}
{{- end -}}

{{- define "ampledger.database.options" -}}
{{- $mode := ternary "verify-full" .Values.externalPostgresql.sslMode .Values.cloudnativepg.enabled -}}
?sslmode={{ $mode }}
{{- if include "ampledger.database.caSecret" . }}&sslrootcert=/etc/ampledger/postgresql/ca.crt{{ end -}}
{{- end -}}

{{/*
How a pod reaches both: dict "root" $ "as" NAME, of a service or "operator". Kubernetes puts the password into
the address, so that it is in no manifest.
*/}}
{{- define "ampledger.connections.env" -}}
{{- $root := .root -}}
{{- $place := printf "%s:%s" (include "ampledger.database.host" $root) (include "ampledger.database.port" $root) -}}
{{- $prefix := include "ampledger.database.prefix" $root -}}
{{- $options := include "ampledger.database.options" $root -}}
- name: NATS_URL
  value: {{ $root.Values.externalNats.url | quote }}
- name: NATS_NKEY_SEED_FILE
  value: /etc/ampledger/nats/{{ .as }}.seed
{{- if $root.Values.externalNats.caSecret }}
- name: NATS_CA_FILE
  value: /etc/ampledger/nats-ca/ca.crt
{{- end }}
{{- if $root.Values.externalNats.clientCertificateSecret }}
- name: NATS_CERT_FILE
  value: /etc/ampledger/nats-client/tls.crt
- name: NATS_KEY_FILE
  value: /etc/ampledger/nats-client/tls.key
{{- end }}
- name: AMPLEDGER_PLAINTEXT
  value: {{ $root.Values.plaintext }}
{{- if eq .as "operator" }}
- name: DATABASE_USER
  valueFrom:
    secretKeyRef:
      name: {{ include "ampledger.database.ownerSecret" $root }}
      key: username
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "ampledger.database.ownerSecret" $root }}
      key: password
- name: DATABASE_URL
  value: {{ printf "postgresql://$(DATABASE_USER):$(DATABASE_PASSWORD)@%s/%s%s" $place $prefix $options | quote }}
{{- else }}
- name: DATABASE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $root.Values.databasePasswords.existingSecret }}
      key: {{ .as }}.password
- name: DATABASE_URL
  value: {{ printf "postgresql://%s_%s:$(DATABASE_PASSWORD)@%s/%s_%s%s" $prefix .as $place $prefix .as $options | quote }}
{{- end }}
{{- end -}}

{{- define "ampledger.connections.mounts" -}}
- name: nats-key
  mountPath: /etc/ampledger/nats
  readOnly: true
{{- if .root.Values.externalNats.caSecret }}
- name: nats-ca
  mountPath: /etc/ampledger/nats-ca
  readOnly: true
{{- end }}
{{- if .root.Values.externalNats.clientCertificateSecret }}
- name: nats-client
  mountPath: /etc/ampledger/nats-client
  readOnly: true
{{- end }}
{{- if include "ampledger.database.caSecret" .root }}
- name: postgresql-ca
  mountPath: /etc/ampledger/postgresql
  readOnly: true
{{- end }}
- name: tmp
  mountPath: /tmp
{{- end -}}

{{- define "ampledger.connections.volumes" -}}
- name: nats-key
  secret:
    secretName: {{ .root.Values.natsKeys.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ .as }}.seed
        path: {{ .as }}.seed
{{- with .root.Values.externalNats.caSecret }}
- name: nats-ca
  secret:
    secretName: {{ . }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- with .root.Values.externalNats.clientCertificateSecret }}
- name: nats-client
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with include "ampledger.database.caSecret" .root }}
- name: postgresql-ca
  secret:
    secretName: {{ . }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- end -}}
