{{/*
What makes no sense together is refused before anything is made, with what to do. Included by every release
exactly once, from serviceaccount.yaml.
*/}}
{{- define "ampledger.refusals" -}}
{{- $v := .Values -}}
{{- $api := .Capabilities.APIVersions -}}

{{- if not $v.externalNats.url -}}
{{- fail "externalNats.url is not set: say where NATS with JetStream is, such as tls://nats.nats.svc:4222. The chart brings none; https://github.com/nats-io/k8s has one." -}}
{{- end -}}
{{- if not $v.natsKeys.existingSecret -}}
{{- fail "natsKeys.existingSecret is not set: make the keys with `ampledger nats keys keys/`, then `kubectl create secret generic ampledger-nats-keys --from-file=keys/`, and name that secret." -}}
{{- end -}}
{{- if and (eq $v.plaintext "refused") (not $v.externalNats.caSecret) (not (hasPrefix "tls://" $v.externalNats.url)) (not (hasPrefix "wss://" $v.externalNats.url)) -}}
{{- fail "NATS would be talked to unencrypted: set externalNats.caSecret to a secret with ca.crt, or plaintext=allowed where nobody else is on the line, as behind a service mesh." -}}
{{- end -}}

{{- if $v.cloudnativepg.enabled -}}
  {{- if not ($api.Has "postgresql.cnpg.io/v1") -}}
  {{- fail "cloudnativepg.enabled, but this cluster does not know postgresql.cnpg.io/v1: install the operator of CloudNativePG first, or bring your own PostgreSQL with externalPostgresql.host. (helm template takes --api-versions postgresql.cnpg.io/v1.)" -}}
  {{- end -}}
  {{- if $v.externalPostgresql.host -}}
  {{- fail "externalPostgresql.host and cloudnativepg.enabled contradict each other: leave one of them out." -}}
  {{- end -}}
{{- else -}}
  {{- if not $v.externalPostgresql.host -}}
  {{- fail "externalPostgresql.host is not set: say where PostgreSQL (14 or newer, no pooler in between) is, or set cloudnativepg.enabled where CloudNativePG is installed." -}}
  {{- end -}}
  {{- if not $v.externalPostgresql.ownerSecret -}}
  {{- fail "externalPostgresql.ownerSecret is not set: name a secret with username and password of who owns the databases and may make databases and roles (CREATEDB, CREATEROLE); only migrations have it." -}}
  {{- end -}}
  {{- if and (eq $v.plaintext "refused") (not (has $v.externalPostgresql.sslMode (list "require" "verify-ca" "verify-full"))) -}}
  {{- fail "PostgreSQL would be talked to unencrypted: set externalPostgresql.sslMode=verify-full and caSecret, or plaintext=allowed where nobody else is on the line." -}}
  {{- end -}}
  {{- if and (hasPrefix "verify" $v.externalPostgresql.sslMode) (not $v.externalPostgresql.caSecret) -}}
  {{- fail "externalPostgresql.caSecret is not set: name a secret with ca.crt, the certificate of who signed that of PostgreSQL, or weaken externalPostgresql.sslMode to require." -}}
  {{- end -}}
{{- end -}}
{{- if not $v.databasePasswords.existingSecret -}}
{{- fail "databasePasswords.existingSecret is not set: name a secret with a file SERVICE.password for each service; the chart's README tells how to make it." -}}
{{- end -}}
{{- if not $v.keys.existingSecret -}}
{{- fail "keys.existingSecret is not set: name a secret with master.key, cards.key and notices.key, 64 hexadecimal digits each (`openssl rand -hex 32`), and keep a copy of it in a safe place: without it names and cards are gone for ever." -}}
{{- end -}}
{{- if not $v.publicUrl -}}
{{- fail "publicUrl is not set: say where browsers find the portal, such as https://charging.example.com; passkeys are bound to that name." -}}
{{- end -}}

{{- if and (eq $v.telemetry.tls.endsAt "telemetry") (not $v.telemetry.tls.existingSecret) (not $v.telemetry.tls.issuer.name) -}}
{{- fail "telemetry.tls.existingSecret is not set: name a secret of type kubernetes.io/tls with the certificate that chargers see, or set telemetry.tls.issuer where cert-manager is installed, or telemetry.tls.endsAt=gateway where a Gateway ends TLS." -}}
{{- end -}}
{{- if $v.telemetry.tls.issuer.name -}}
  {{- if $v.telemetry.tls.existingSecret -}}
  {{- fail "telemetry.tls.existingSecret and telemetry.tls.issuer contradict each other: leave one of them out." -}}
  {{- end -}}
  {{- if not ($api.Has "cert-manager.io/v1") -}}
  {{- fail "telemetry.tls.issuer is set, but this cluster does not know cert-manager.io/v1: install cert-manager first, or bring a certificate with telemetry.tls.existingSecret." -}}
  {{- end -}}
  {{- if not $v.telemetry.hostnames -}}
  {{- fail "telemetry.hostnames is empty: cert-manager has to know for which names chargers' gateways have a certificate." -}}
  {{- end -}}
{{- end -}}
{{- if and (eq $v.telemetry.tls.endsAt "gateway") (or $v.telemetry.clientCertificates.authoritySecret $v.telemetry.clientCertificates.trustedSecret) -}}
{{- fail "telemetry.clientCertificates: chargers show certificates to who ends their TLS; set telemetry.tls.endsAt=telemetry." -}}
{{- end -}}
{{- if and $v.telemetry.meters.enabled (not $v.telemetry.meters.address) -}}
{{- fail "telemetry.meters.address is not set: say where meters push their readings to as they know it, such as https://meters.example.com; people are shown it." -}}
{{- end -}}

{{- $gateways := ternary (int $v.telemetry.autoscaling.maxReplicas) (int $v.telemetry.replicas) $v.telemetry.autoscaling.enabled -}}
{{- $readers := ternary (int $v.readings.maxReplicas) 0 $v.readings.enabled -}}
{{- if lt $gateways (int $v.telemetry.replicas) -}}
{{- fail "telemetry.autoscaling.maxReplicas is less than telemetry.replicas, which are there at least: raise it." -}}
{{- end -}}
{{- if and $v.portal.autoscaling.enabled (lt (int $v.portal.autoscaling.maxReplicas) (int $v.portal.replicas)) -}}
{{- fail "portal.autoscaling.maxReplicas is less than portal.replicas, which are there at least: raise it." -}}
{{- end -}}
{{- if and $v.readings.enabled (lt $readers (int $v.readings.minReplicas)) -}}
{{- fail "readings.maxReplicas is less than readings.minReplicas: raise it." -}}
{{- end -}}
{{- if gt (add $gateways $readers) 14 -}}
{{- fail (printf "telemetry may have %d and readings %d processes: together at most 14, so that two more may come while pods are replaced (NATS knows consumers of 16)." $gateways $readers) -}}
{{- end -}}
{{- if and $v.readings.enabled (not ($api.Has "keda.sh/v1alpha1")) -}}
{{- fail "readings.enabled, but this cluster does not know keda.sh/v1alpha1: install KEDA first; without it the gateways write readings themselves." -}}
{{- end -}}
{{- if and $v.readings.enabled (not $v.externalNats.monitoring) -}}
{{- fail "readings.enabled: KEDA reads how far readings are behind from NATS's monitoring port; set externalNats.monitoring, such as nats.nats.svc:8222." -}}
{{- end -}}

{{- if and $v.gatewayApi.enabled (not ($api.Has "gateway.networking.k8s.io/v1")) -}}
{{- fail "gatewayApi.enabled, but this cluster does not know gateway.networking.k8s.io/v1: install the Gateway API and a controller for it, or lead people and chargers to the services yourself." -}}
{{- end -}}
{{- if and $v.gatewayApi.enabled (not $v.gatewayApi.parentRefs) -}}
{{- fail "gatewayApi.parentRefs is empty: name the Gateway that routes are attached to." -}}
{{- end -}}
{{- if and $v.gatewayApi.enabled (not $v.telemetry.hostnames) -}}
{{- fail "telemetry.hostnames is empty: name the hosts that chargers connect to; routes are told apart by them." -}}
{{- end -}}
{{- if and $v.monitoring.enabled (not ($api.Has "monitoring.coreos.com/v1")) -}}
{{- fail "monitoring.enabled, but this cluster does not know monitoring.coreos.com/v1: install the Prometheus operator first, or have Prometheus find pods by their port `health`." -}}
{{- end -}}
{{- end -}}
