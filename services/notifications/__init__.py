"""
Owns warnings, and who is told of them by which way: e-mail and webhooks, at once or gathered.

Takes      AcknowledgeWarning, ChooseNotifications, Unsubscribe, AddWebhook, RotateWebhookSecret,
           RemoveWebhook, PingWebhook, ReplayDeadLetters, OrderReport, CancelReportOrder
Announces  WarningRaised, WarningCleared, WarningAcknowledged, NotificationsChosen, WebhookAdded,
           WebhookSecretRotated, WebhookRemoved, ReportOrdered, ReportOrderCancelled,
           NotificationSent, NotificationFailed
Listens to installation, telemetry, balancer: what stands; permissions: who may be told; SiteBalance

known, folds     what is known of installations, folded from the logs of others
near_limit       breakers near their limit, found in what is measured
standing         what stands at this moment: a function of what is known and of the time
watch            warnings: raised once, cleared, taken notice of
settings_state, choosing    who is told what, by which way
pacing           when: at once, gathered, not in quiet hours, never a flood
audience         who may be told, and what they want to hear
addresses        where webhooks may be delivered to
signing          signatures of webhooks, marks of links
letters, bodies  what people and programs are told
language         commands, events, streams
refusals         every way of saying no
ledger           our own log, in memory
outbox           what is to be told, in a table
knowledge        what is heard, in documents
telling          from our log to whom it concerns
inspecting       what an electrician would say of set-ups
watching         looks again and again at what stands
reporting        which reports are owed
webhooks, mailing, recording    delivers, and puts on record what became of it
handlers         commands
"""
