{{/* What gateways and writers of readings are told: they are the same program. */}}

{{- define "ampledger.telemetry.tlsSecret" -}}
{{- if eq .Values.telemetry.tls.endsAt "telemetry" -}}
{{- default (printf "%s-telemetry-tls" (include "ampledger.fullname" .)) .Values.telemetry.tls.existingSecret -}}
{{- end -}}
{{- end -}}

{{/* dict "root" $ "gateway" BOOL */}}
{{- define "ampledger.telemetry.env" -}}
{{- $t := .root.Values.telemetry -}}
- name: TELEMETRY_OCPP_HOST
  value: {{ ternary "0.0.0.0" "127.0.0.1" .gateway }}
- name: TELEMETRY_OCPP_PORT
  value: "9180"
- name: TELEMETRY_DRAIN_S
  value: {{ ternary $t.drainSeconds 0 .gateway | quote }}
- name: TELEMETRY_KEEP_READINGS
  value: {{ or (not .gateway) (not .root.Values.readings.enabled) | quote }}
- name: TELEMETRY_CHARGER_CREDENTIALS
  value: {{ $t.chargerCredentials }}
- name: TELEMETRY_ON_REVOCATION
  value: {{ $t.onRevocation }}
- name: TELEMETRY_SAMPLE_INTERVAL_S
  value: {{ $t.sampleIntervalSeconds | quote }}
- name: AMPLEDGER_CARD_KEY_FILE
  value: /etc/ampledger/keys/cards.key
{{- if include "ampledger.telemetry.tlsSecret" .root }}
- name: TELEMETRY_TLS_CERT
  value: /etc/ampledger/tls/tls.crt
- name: TELEMETRY_TLS_KEY
  value: /etc/ampledger/tls/tls.key
{{- else }}
- name: TELEMETRY_PLAIN_PASSWORDS
  value: allowed
{{- end }}
{{- with $t.trustedProxies }}
- name: TELEMETRY_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- if $t.clientCertificates.authoritySecret }}
- name: TELEMETRY_CA_CERT
  value: /etc/ampledger/authority/tls.crt
- name: TELEMETRY_CA_KEY
  value: /etc/ampledger/authority/tls.key
{{- end }}
{{- if $t.clientCertificates.trustedSecret }}
- name: TELEMETRY_CLIENT_CA
  value: /etc/ampledger/trusted/ca.crt
{{- end }}
{{- if $t.meters.enabled }}
{{- if .gateway }}
- name: TELEMETRY_METER_HOST
  value: 0.0.0.0
- name: TELEMETRY_METER_PORT
  value: "9280"
- name: TELEMETRY_METER_TOKENS
  value: required
{{- end }}
{{- with $t.meters.address }}
- name: TELEMETRY_METER_ADDRESS
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "ampledger.telemetry.mounts" -}}
{{ include "ampledger.keys.mount" . }}
{{- if include "ampledger.telemetry.tlsSecret" . }}
- name: tls
  mountPath: /etc/ampledger/tls
  readOnly: true
{{- end }}
{{- if .Values.telemetry.clientCertificates.authoritySecret }}
- name: authority
  mountPath: /etc/ampledger/authority
  readOnly: true
{{- end }}
{{- if .Values.telemetry.clientCertificates.trustedSecret }}
- name: trusted
  mountPath: /etc/ampledger/trusted
  readOnly: true
{{- end }}
{{- end -}}

{{- define "ampledger.telemetry.volumes" -}}
{{ include "ampledger.keys.volume" (dict "root" . "files" (list "cards.key")) }}
{{- with include "ampledger.telemetry.tlsSecret" . }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.telemetry.clientCertificates.authoritySecret }}
- name: authority
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.telemetry.clientCertificates.trustedSecret }}
- name: trusted
  secret:
    secretName: {{ . }}
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end -}}
