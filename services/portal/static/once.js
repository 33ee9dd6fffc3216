// A link that works once signs in by itself, where scripts run; scanners of e-mails that only look do not use it up.
"use strict";
document.querySelector("form[data-at-once]")?.requestSubmit();
