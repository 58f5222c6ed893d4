"""What real servers answer, the phase in which they do, and what it has to mean.

`SEEN` names where each reply was seen: a page of the vendor, a file of the server's source, or a bounce in the
collection of Sisimai. Names, addresses and identifiers are shortened or replaced; the line breaks are gone, as in the
reply that a rule reads, so the enhanced code of each line stands in the middle of a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.mail.smtp_replies import Meaning, Phase


@dataclass(frozen=True, slots=True)
class Seen:
    """A reply that a server gave, or may give in this phase, and where it can be looked up."""

    phase: Phase
    answer: str
    meaning: Meaning
    source: str


_BY_CODE: tuple[tuple[Phase, str, Meaning], ...] = (
    # ---- 421 at any phase
    ("greeting", "421 4.7.0 too many connections from your address", "rest"),
    ("login", "421 4.7.0 Temporary System Problem. Try again later", "rest"),
    ("sender", "421 4.7.0 Try again later, closing connection.", "retry"),
    ("recipient", "421 4.3.2 Service shutting down", "retry"),
    ("data", "421 4.4.2 timeout exceeded", "retry"),
    ("content", "421 4.3.0 Temporary System Problem", "retry"),
    # ---- other 4xx
    ("greeting", "454 4.3.0 later", "rest"),
    ("tls", "454 4.7.5 TLS not available due to temporary reason", "rest"),
    ("login", "454 4.3.0 Temporary authentication failure", "rest"),
    ("sender", "451 4.3.0 Temporary lookup failure", "retry"),
    ("sender", "452 4.3.0 Insufficient resources", "retry"),
    ("recipient", "450 4.2.0 Greylisted, try again in 60 seconds", "retry"),
    ("recipient", "452 4.5.3 too many recipients", "retry"),
    ("data", "451 4.3.0 Temporary lookup failure", "retry"),
    ("content", "451 4.7.1 try again later", "retry"),
    # ---- too many connections, logins, mails
    ("content", "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", "scatter"),
    ("login", "432 4.3.2 Concurrent connections limit exceeded", "scatter"),
    ("login", "454 4.7.0 Too many login attempts, please try again later.", "pause"),
    ("login", "421 4.7.0 Too many failed logins", "pause"),
    ("sender", "454 4.7.0 Too many login attempts, please try again later.", "pause"),
    ("sender", "550 5.4.5 Daily SMTP relay limit exceeded for customer.", "pause"),
    ("recipient", "550 5.4.5 Daily user sending limit exceeded.", "pause"),
    ("content", "550 5.4.5 Daily user sending limit exceeded.", "pause"),
    (
        "content",
        "550 5.1.90 Your message can't be sent because you've reached your daily limit for recipients",
        "pause",
    ),
    ("content", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "pause"),
    ("sender", "452 4.7.1 Sending limit reached", "pause"),
    # ---- the account is wrong, or we are
    ("greeting", "521 no mail service here", "rest"),
    ("greeting", "550 5.5.1 EHLO: what?", "rest"),
    ("login", "504 5.7.4 Unrecognized authentication type", "rest"),
    ("login", "550 5.7.0 authentication failed", "stop"),
    ("login", "538 5.7.11 Encryption required for requested authentication mechanism", "stop"),
    ("sender", "523 5.7.10 Encryption needed", "stop"),
    ("login", "535 5.7.8 Username and Password not accepted.", "stop"),
    ("login", "535 5.7.3 Authentication unsuccessful", "stop"),
    ("login", "550 5.7.30 Basic authentication is not supported for Client Submission.", "stop"),
    ("login", "534 5.7.9 Application-specific password required.", "stop"),
    ("greeting", "554 No SMTP service here", "rest"),
    ("tls", "500 5.5.1 unknown command", "rest"),
    ("sender", "530 5.7.0 Must issue a STARTTLS command first.", "stop"),
    ("sender", "530 5.7.1 Authentication required", "stop"),
    ("content", "550 5.7.30 Basic authentication is not supported for Client Submission.", "stop"),
    ("content", "554 5.2.252 SendAsDenied; a@b.example not allowed to send as c@b.example", "stop"),
    ("content", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", "stop"),
    ("sender", "550 5.1.8 Access denied, bad outbound sender", "stop"),
    ("recipient", "553 5.1.8 <a@b.example>: Sender address rejected: Domain not found", "rest"),
    ("recipient", "550 5.1.8 Access denied, bad outbound sender", "stop"),
    ("recipient", "550 5.1.1 recipient domain not owned by this host", "dead"),
    ("recipient", "550 5.7.133 authentication required; not authenticated when sending to this group", "refused"),
    ("recipient", "550 5.2.1 Mailbox is over its rate limit", "slowly"),
    ("recipient", "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", "dead"),
    ("content", "554 5.7.1 Message refused: it holds a URL of bad reputation", "refused"),
    ("sender", "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user u", "stop"),
    ("sender", "550 5.7.1 no", "rest"),
    ("recipient", "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user u", "stop"),
    ("recipient", "554 5.7.1 <x@y.example>: Relay access denied", "rest"),
    ("recipient", "550 5.7.1 Unable to relay", "rest"),
    ("recipient", "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", "rest"),
    # ---- size and room
    ("recipient", "552 5.2.3 too much for this mailbox", "slowly"),
    ("recipient", "552 too many recipients", "slowly"),
    ("recipient", "550 5.2.2 mailbox over quota", "slowly"),
    ("sender", "552 5.3.4 Message size exceeds fixed limit", "slowly"),
    ("sender", "552 5.3.4 size", "slowly"),
    ("content", "552 5.3.4 Message is too large", "slowly"),
    ("content", "452 4.3.4 Message too big for now", "slowly"),
    # ---- the address, the mail
    ("recipient", "550 5.1.1 User unknown", "dead"),
    ("recipient", "551 5.1.6 has moved", "dead"),
    ("recipient", "553 5.1.3 bad address syntax", "dead"),
    ("recipient", "550 no such user here", "dead"),
    ("recipient", "554 5.7.1 blocked by policy", "refused"),
    ("recipient", "554 5.7.1 not here", "refused"),
    ("recipient", "550 5.7.23 SPF temporary DNS problem", "rest"),
    ("recipient", "550 no", "refused"),
    ("recipient", "550 5.1.1 User unknown (by 192.0.2.1)", "refused"),
    ("recipient", "550 5.1.1 <spam.policy@blacklist.example>: User unknown", "dead"),
    ("recipient", "556 takes no mail", "dead"),
    ("recipient", "550 5.2.1 mailbox temporarily disabled", "slowly"),
    ("recipient", "554 5.3.2 not accepting network messages", "slowly"),
    ("recipient", "501 5.5.4 syntax", "retry"),
    ("recipient", "553 5.6.7 Must declare SMTPUTF8 to send unicode address", "refused"),
    ("recipient", "550 5.7.4 the next server offers no TLS", "refused"),
    ("recipient", "550 5.2.1 mailbox disabled", "dead"),
    ("data", "554 5.7.1 Rejected", "refused"),
    ("content", "554 5.7.1 this looks like spam", "refused"),
    ("content", "550 5.6.0 malformed", "refused"),
    ("content", "552 5.2.3 no", "refused"),
    ("recipient", "552 Too much mail data", "slowly"),
    ("recipient", "554 Service currently unavailable", "slowly"),
    ("recipient", "550 Please turn on SMTP Authentication in your mail client.", "rest"),
    ("recipient", "550 5.1.351 Remote server returned unknown recipient or mailbox unavailable", "dead"),
    # ---- out of step, or without sense
    ("recipient", "503 5.5.1 need MAIL first", "retry"),
    ("sender", "502 5.5.2 command not recognised", "retry"),
    ("greeting", "250 hello", "rest"),
    ("login", "220 what", "rest"),
    ("sender", "354 go on", "retry"),
    ("recipient", "221 bye", "retry"),
    ("data", "250 thank you", "retry"),
    ("content", "354 go on", "unclear"),
    ("content", "220 hello again", "unclear"),
)

_BOUNCE = "github.com/sisimai/rb-sisimai, set-of-emails/maildir/bsd/"
_POSTFIX = "github.com/vdukhovni/postfix, postfix/src/"
_EXIM = "github.com/Exim/exim, src/src/"
_GMAIL = "support.google.com/a/answer/3726730"
_OUTLOOK = "www.spamresource.com/2023/09/microsoft-multiple-types-of-invalid.html"
_YAHOO = "help.yahoo.com/kb/mail-for-desktop/SLN3444.html"

SEEN: tuple[Seen, ...] = (
    # ---- lists that our address is on
    Seen(
        "recipient",
        "554 5.7.1 Service unavailable; Client host [203.0.113.5] blocked using zen.spamhaus.org",
        "rest",
        _POSTFIX + "global/mail_params.h (DEF_DEF_RBL_REPLY)",
    ),
    Seen(
        "recipient",
        "554 5.7.1 <mx.example[203.0.113.22]>: Client host rejected: blocked using mail.neko.example.org; Please"
        " see http://mail.neko.example.org/rbl/?ip=203.0.113.22 to send.",
        "rest",
        _BOUNCE + "lhost-amazonses-14.eml",
    ),
    Seen(
        "recipient",
        "521 5.7.1 Service unavailable; client [203.0.113.225] blocked using dnsbl.sorbs.net 5.7.1 Please see"
        " http://support.mailhostbox.com/email-administrators-guide-error-codes/ for explanation of the problem.",
        "rest",
        _BOUNCE + "lhost-amazonses-16.eml",
    ),
    Seen(
        "recipient",
        '550 "JunkMail rejected - mx.example (mail.example) [203.0.113.5]:34032 is in an RBL, see'
        ' https://www.spamhaus.org/query/ip/203.0.113.5"',
        "rest",
        "github.com/getconversio/email-deep-validator/issues/9",  # what cPanel's Exim says
    ),
    Seen("recipient", "553 http://www.spamhaus.org/query/bl?ip=192.0.2.222", "rest", _BOUNCE + "rhost-godaddy-02.eml"),
    Seen("recipient", "550 5.7.1 IP address blacklisted by recipient", "rest", _BOUNCE + "lhost-sendmail-33.eml"),
    Seen(
        "recipient",
        "550 rejected because 203.0.113.5 is in a black list at black.list.example",
        "rest",
        _EXIM + "configure.default (acl_check_rcpt)",
    ),
    Seen(
        "recipient",
        "554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.225",
        "rest",
        _BOUNCE + "lhost-postfix-38.eml",
    ),
    Seen(
        "recipient",
        "550 mwinf5c04 ME Adresse IP source bloquee pour incident de spam. Client host blocked for spamming"
        " issues. OFR006_102 Ref http://csi.cloudmark.com/reset-request/?ip=10.0.0.1 [102]",
        "rest",
        _BOUNCE + "rhost-franceptt-06.eml",
    ),
    Seen(
        "recipient",
        "550 5.7.606 Access denied, banned sending IP [198.51.100.222]. To request removal from this list please"
        " visit https://sender.office.com/ and follow the directions.",
        "rest",
        _BOUNCE + "rhost-microsoft-01.eml",
    ),
    Seen(
        "sender",
        "550 5.7.1 Unfortunately, messages from [204.11.58.44] weren't sent. Please contact your Internet service"
        " provider since part of their network is on our block list (S3150).",
        "rest",
        "pastebin.com/rwzHX08U",  # Outlook.com, in reply to MAIL FROM
    ),
    Seen(
        "recipient",
        "550 SC-001 (BAY004-MC4F49) Unfortunately, messages from 203.0.113.5 weren't sent. Please contact your"
        " Internet service provider since part of their network is on our block list.",
        "rest",
        "knowledge.broadcom.com/external/article/158195",
    ),
    # ---- the name that belongs to our address
    Seen(
        "recipient",
        "450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.5]",
        "retry",
        _POSTFIX + "smtpd/smtpd_check.c (reject_unknown_client)",
    ),
    Seen(
        "recipient",
        "550 5.7.25 Client host rejected: cannot find your hostname, [203.0.113.5]",
        "rest",
        _POSTFIX + "smtpd/smtpd_check.c (unknown_client_reject_code = 550)",
    ),
    Seen(
        "content",
        "550 5.7.25 [192.0.2.202] The IP address sending this 5.7.25 message does not have a PTR record setup, or"
        " the 5.7.25 corresponding forward DNS entry does not point to the sending IP.",
        "rest",
        _BOUNCE + "rhost-google-06.eml",
    ),
    Seen(
        "greeting", "571 No PTR Record found. Reverse DNS required: 203.0.113.22", "rest", _BOUNCE + "lhost-exim-32.eml"
    ),
    Seen(
        "greeting",
        "554 (mxgmxus002) Nemesis ESMTP Service not available No SMTP service Bad DNS PTR resource record.",
        "rest",
        _BOUNCE + "lhost-postfix-60.eml",
    ),
    Seen(
        "recipient",
        "550 Your message was rejected by this system and was not delivered. Reason: This system will not accept"
        " messages from servers/devices with no reverse DNS. IP=[203.0.113.2]",
        "rest",
        _BOUNCE + "lhost-exim-39.eml",
    ),
    Seen(
        "sender",
        "551 Server access mta.example.org forbidden by invalid RDNS record of your mail server (203.0.113.2).",
        "rest",
        _BOUNCE + "lhost-exim-40.eml",
    ),
    Seen(
        "recipient",
        "550 5.7.1 <mail>: Helo command rejected: Host not found",
        "rest",
        _POSTFIX + "smtpd/smtpd_check.c (reject_unknown_hostname)",
    ),
    # ---- SPF, DKIM, DMARC of our domain
    Seen(
        "recipient",
        "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        "rest",
        "github.com/sisimai/rb-sisimai, lib/sisimai/rhost/microsoft.rb",  # Exchange Online
    ),
    Seen(
        "content",
        "550 5.7.23 SPF authentication failed with a permanent error",
        "rest",
        "github.com/foxcpp/maddy/issues/485",
    ),
    Seen(
        "recipient",
        "550 Bad SPF records for [example.org:192.0.2.2], see http://spf.pobox.com/",
        "rest",
        _BOUNCE + "lhost-exim-29.eml",
    ),
    Seen(
        "content",
        "550 5.7.26 This mail has been blocked because the sender is unauthenticated. 5.7.26 Gmail requires all"
        " senders to authenticate with either SPF or DKIM.",
        "rest",
        _BOUNCE + "rhost-google-04.eml",
    ),
    Seen(
        "content",
        "550 5.7.509 Access denied, sending domain [EXAMPLE.JP] does not pass DMARC verification and has a DMARC"
        " policy of reject.",
        "rest",
        _BOUNCE + "rhost-microsoft-04.eml",
    ),
    Seen("recipient", "550 DMARC check failed.", "rest", _BOUNCE + "rhost-tencent-03.eml"),
    # ---- our rate and reputation
    Seen(
        "content",
        "550 5.7.1 [192.0.2.22 18] Our system has detected that this message is 5.7.1 likely suspicious due to the"
        " very low reputation of the sending IP 5.7.1 address.",
        "rest",
        _BOUNCE + "lhost-postfix-58.eml",
    ),
    Seen(
        "sender",
        "451 4.7.650 The mail server [192.0.2.25] has been temporarily rate limited due to IP reputation.",
        "rest",
        _BOUNCE + "rhost-microsoft-05.eml",
    ),
    Seen(
        "content",
        "421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP address.",
        "rest",
        _GMAIL,
    ),
    Seen(
        "sender",
        "421 4.7.0 [TSS04] Messages from 192.0.2.192 temporarily deferred due to unexpected volume or user"
        " complaints - 4.16.55.1; see https://postmaster.verizonmedia.com/error-codes",
        "rest",
        _BOUNCE + "lhost-postfix-74.eml",
    ),
    Seen(
        "recipient",
        "550 Ip frequency limited [V2VkIEFwciAgMyAx Blocked IP 192.0.2.22].",
        "rest",
        _BOUNCE + "rhost-tencent-01.eml",
    ),
    Seen(
        "recipient",
        "550 5.1.1 <kijitora@example.com> - 203.0.113.222 has sent to too many recipients this hour. IB607",
        "rest",
        _BOUNCE + "rhost-godaddy-03.eml",  # although the code says that there is no such mailbox
    ),
    Seen("sender", "450 4.7.1 Error: too much mail from 203.0.113.5", "rest", _POSTFIX + "smtpd/smtpd.c"),
    Seen(
        "content",
        "550 Domain example.com has exceeded the max emails per hour (313/250 (125%)) allowed. Message discarded.",
        "pause",
        "www.inmotionhosting.com/support/email/bounceback-errors/domain-exceeded-max-emails-per-hour",  # cPanel
    ),
    # ---- relaying, and the sender
    Seen("recipient", "550 relay not permitted", "rest", _EXIM + "configure.default (acl_check_rcpt)"),
    Seen(
        "recipient",
        "550 5.7.1 Relaying denied. IP name lookup failed [192.0.2.254]",
        "rest",
        "github.com/sisimai/rb-sisimai, set-of-emails/mailbox/mbox-0",
    ),
    Seen(
        "recipient",
        "550 5.7.64 Relay Access Denied ATTR36.",
        "rest",
        "github.com/MicrosoftDocs/OfficeDocs-Support, Exchange/ExchangeHybrid/hybrid-configuration-wizard-errors/"
        "relay-access-denied-attr36-ndr.md",
    ),
    Seen("recipient", "553 Relaying disallowed", "rest", "pastebin.com/p0xbFZYN"),  # Zoho
    Seen(
        "recipient",
        "550 Verification failed for <a@b.example> The mail server could not deliver mail to a@b.example. The"
        " account or domain may not exist, they may be blacklisted, or missing the proper dns entries. Sender"
        " verify failed",
        "rest",
        "github.com/mailcow/mailcow/issues/775",  # cPanel: whom the server does not find is our sender
    ),
    Seen(
        "recipient",
        "550 The mail server could not deliver mail to x@y.example. The account or domain may not exist, they may"
        " be blacklisted, or missing the proper dns entries.",
        "refused",
        "github.com/mautic/mautic/issues/9822",  # cPanel
    ),
    Seen(
        "recipient",
        "550 5.1.0 <bounce@mailer.example.com> sender rejected. Refer to Error Codes section at"
        " https://www.cox.com/residential/support/email-error-codes.html for more information. AUP#CDRBL",
        "rest",
        _BOUNCE + "rhost-cox-01.eml",
    ),
    Seen(
        "content",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender"
        " [BY2PR1001MB1094.namprd10.prod.outlook.com]",
        "stop",
        "pastebin.com/wtU9XT6T",  # a log of Exchange
    ),
    Seen(
        "recipient",
        "553 5.7.1 <a@b.example>: Sender address rejected: not logged in",
        "rest",
        _POSTFIX + "smtpd/smtpd_check.c (reject_unauth_sender_login_mismatch)",
    ),
    # ---- what the rules of a server do not let pass
    Seen(
        "recipient",
        "554 5.7.9 Message not accepted for policy reasons. See https://postmaster.verizonmedia.com/error-codes",
        "refused",
        _BOUNCE + "lhost-postfix-66.eml",
    ),
    Seen("recipient", "550 Denied by policy", "refused", _BOUNCE + "lhost-postfix-42.eml"),
    Seen(
        "recipient",
        "554 email rejected due to security policies - MCSpamSignature.sa.2.2",
        "refused",
        _BOUNCE + "rhost-mimecast-02.eml",
    ),
    Seen(
        "recipient",
        "553 sorry, your envelope recipient is in my badrcptto list (#5.7.1)",
        "refused",
        "github.com/sisimai/rb-sisimai, set-of-emails/mailbox/mbox-0",
    ),
    Seen(
        "recipient",
        "550 5.7.1 User Unknown: sabineko@example.org",
        "refused",
        _BOUNCE + "lhost-messagingserver-03.eml",  # the code speaks of rules, the words of the mailbox
    ),
    Seen("content", "550 Virus Detected; Content Rejected", "refused", _BOUNCE + "lhost-postfix-62.eml"),
    Seen(
        "content",
        "550 5.7.1 [2401:2500:102:3032:192.0.2.222 13] Messages with multiple 5.7.1 addresses in From: header are"
        " not accepted.",
        "refused",
        _BOUNCE + "lhost-postfix-28.eml",
    ),
    Seen(
        "recipient",
        "554 5.7.1 <x@y.example>: Recipient address rejected: Access denied",
        "refused",
        _POSTFIX + "smtpd/smtpd_check.c",
    ),
    # ---- TLS
    Seen("sender", "530 5.7.0 Must issue a STARTTLS command first", "stop", _POSTFIX + "smtpd/smtpd.c"),
    Seen("recipient", "421 4.7.0 TLS required for RCPT domain, closing connection.", "retry", _GMAIL),
    Seen(
        "login",
        "504 5.5.4 Encryption required for requested authentication mechanism",
        "rest",
        _POSTFIX + "smtpd/smtpd_sasl_proto.c",
    ),
    # ---- greylisting, and what else passes
    Seen(
        "recipient",
        "450 4.2.0 Greylisted (see http://www.spam-mail-blocker.de)",
        "retry",
        "www.spam-mail-blocker.de/greylisted.html",
    ),
    Seen(
        "recipient",
        "550 5.2.1 The user you are trying to contact is receiving mail at a rate that 5.2.1 prevents additional"
        " messages from being delivered.",
        "slowly",
        _BOUNCE + "lhost-postfix-59.eml",
    ),
    Seen(
        "recipient",
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at"
        " a later time.",
        "slowly",
        _GMAIL,
    ),
    Seen(
        "recipient",
        "550 5.4.1 Recipient address rejected: Access denied. [CY4PEPF0000EE3C.namprd03.prod.outlook.com"
        " 2023-09-18T12:48:32.808Z 08DBB45899852BA7]",
        "refused",
        _OUTLOOK,  # mostly a wrong address, at times a directory that does not answer
    ),
    # ---- no room
    Seen(
        "recipient",
        "552 5.2.2 The recipient's inbox is out of storage space and inactive. Please 5.2.2 direct the recipient"
        " to https://support.google.com/mail/?p=OverQuotaPerm",
        "slowly",
        _BOUNCE + "rhost-google-05.eml",
    ),
    Seen("recipient", "452 4.2.2 The email account that you tried to reach is over quota.", "slowly", _GMAIL),
    Seen(
        "recipient",
        "550 5.2.2 STOREDRV.Deliver: mailbox full.",
        "slowly",
        _BOUNCE + "lhost-exchange2007-02.eml",
    ),
    Seen(
        "recipient",
        "554 delivery error: dd Sorry, your message to x@yahoo.com cannot be delivered. This account is over quota.",
        "slowly",
        "help.yahoo.com/l/in/yahoo/mail/original/abuse/abuse-57.html",
    ),
    Seen(
        "recipient", "452 4.4.5 Insufficient disk space; try again later", "slowly", _BOUNCE + "lhost-sendmail-39.eml"
    ),
    Seen("sender", "452 Space shortage, please try later", "slowly", _EXIM + "smtp_in.c"),
    Seen("sender", "452 4.3.1 Insufficient system storage", "slowly", _POSTFIX + "smtpd/smtpd_check.c"),
    Seen("sender", "552 5.3.4 Message size exceeds fixed limit", "slowly", _POSTFIX + "smtpd/smtpd_check.c"),
    # ---- no such mailbox
    Seen(
        "recipient",
        "550 5.1.1 <x@y.example>: Recipient address rejected: User unknown in relay recipient table",
        "dead",
        _POSTFIX + "smtpd/smtpd_check.c",
    ),
    Seen(
        "recipient",
        "550 5.1.1 The email account that you tried to reach does not exist. Please try 5.1.1 double-checking the"
        " recipient's email address for typos or 5.1.1 unnecessary spaces. Learn more at"
        " https://support.google.com/mail/?p=NoSuchUser y3si675602pl - gsmtp",
        "dead",
        _BOUNCE + "lhost-gsuite-14.eml",
    ),
    Seen(
        "recipient",
        "550 5.2.1 The email account that you tried to reach is disabled. Learn more at"
        " https://support.google.com/mail/?p=DisabledUser",
        "dead",
        _BOUNCE + "lhost-amazonses-20.eml",
    ),
    Seen(
        "recipient",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient x@y.example not found by SMTP address lookup",
        "dead",
        _OUTLOOK,
    ),
    Seen(
        "recipient",
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
        "dead",
        _OUTLOOK,
    ),
    Seen(
        "recipient",
        "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]",
        "dead",
        _YAHOO,
    ),
    Seen(
        "recipient",
        "554 delivery error: dd Sorry your message to x@y.example cannot be delivered. This account has been"
        " disabled or discontinued [#102].",
        "dead",
        _BOUNCE + "lhost-postfix-52.eml",
    ),
    Seen("recipient", "550 5.1.6 recipient no longer on server: x@y.example", "dead", _BOUNCE + "lhost-postfix-16.eml"),
    Seen("recipient", "553 5.1.1 unknown or illegal user: x@y.example", "dead", _BOUNCE + "lhost-exim-05.eml"),
    Seen("recipient", "550 User not found", "dead", _BOUNCE + "lhost-postfix-76.eml"),
    Seen("recipient", "550 x@y.example... No such user", "dead", _BOUNCE + "lhost-mcafee-04.eml"),
    Seen("recipient", "550 Unknown user x@y.example", "dead", _BOUNCE + "lhost-courier-02.eml"),
    Seen("recipient", "550 <x@y.example>: Recipient address rejected.", "dead", _BOUNCE + "lhost-postfix-46.eml"),
    Seen("recipient", "501 5.1.3 Bad recipient address syntax", "dead", _POSTFIX + "smtpd/smtpd.c"),
    Seen(
        "recipient",
        "556 5.1.10 <x@y.example>: Recipient address rejected: Domain y.example does not accept mail (nullMX)",
        "dead",
        _POSTFIX + "smtpd/smtpd_check.c",
    ),
    Seen(
        "recipient", "550 Mailbox is frozen. See http://mail.i.ua/err/3/", "refused", _BOUNCE + "lhost-postfix-61.eml"
    ),
    Seen(
        "recipient",
        "550 5.5.0 Le compte du destinataire est bloque. The recipient account is blocked. LPN007_426",
        "refused",
        _BOUNCE + "rhost-franceptt-05.eml",
    ),
)

ANSWERS: tuple[tuple[Phase, str, Meaning], ...] = (
    *_BY_CODE,
    *((seen.phase, seen.answer, seen.meaning) for seen in SEEN),
)
