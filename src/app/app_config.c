/* app_config.c: the configuration file: its schema, its defaults, and what is wrong with it in
 * plain words. */
#include "app_int.h"

#include <stdio.h>

/* Where a model of some role comes from: an endpoint, or weights on this machine by name. */
#define PROVIDER(role, kinds, help) \
	{ role, CFG_LIST, false, 0, 0, NULL, NULL, help }, \
		{ role "[]", CFG_OBJ, false, 0, \
		  0,         NULL,    NULL,  "a name of `callm models list`, or" }, \
		{ role "[].kind", \
		  CFG_STR, \
		  false, \
		  0, \
		  0, \
		  kinds, \
		  "openai", \
		  "openai = any compatible server" }, \
		{ role "[].url", \
		  CFG_STR, \
		  false, \
		  0, \
		  0, \
		  NULL, \
		  "", \
		  "base address, e.g. http://127.0.0.1:8000/v1" }, \
		{ role "[].model", CFG_STR, false, 0, 0, NULL, "default", "its name" }, \
		{ role "[].key", CFG_SECRET, false, 0, 0, NULL, NULL, "file:/path or env:NAME" }, \
		{ role "[].key_file",           CFG_STR, false, 0, 0, NULL, "", \
		  "the same as key: file:/path" }, \
		{ role "[].dialect", \
		  CFG_STR, \
		  false, \
		  0, \
		  0, \
		  NULL, \
		  "openai", \
		  "how it differs; see docs/model.md" }, \
		{ role "[].voice", CFG_STR, false, 0, 0, NULL, "", "voices: its name" }, \
		{ role "[].lang", CFG_STR, false, 0, 8, NULL, "", "speech: only this language" }, \
		{ role "[].file", \
		  CFG_STR, \
		  false, \
		  0, \
		  0, \
		  NULL, \
		  "", \
		  "weights, instead of installed ones" }, \
		{ role "[].runtime", \
		  CFG_STR, \
		  false, \
		  0, \
		  0, \
		  NULL, \
		  "", \
		  "folder of the runtime's libraries" }, \
		{ role "[].threads", \
		  CFG_INT, \
		  false, \
		  0, \
		  256, \
		  NULL, \
		  "0", \
		  "of a local one; 0 = by the machine" }, \
	{ \
		role "[].memory_mb", CFG_INT, false, 0, 1 << 20, NULL, "0", \
			"ceiling of a local one; 0 = none" \
	}

/* A provider that takes one POST a message. */
#define POSTER(name, help, names) \
	{ name, CFG_OBJ, false, 0, 0, NULL, NULL, help }, \
		{ name ".url", CFG_STR, false, 0, 2048, NULL, "", "https://..; empty = none" }, \
		{ name ".key", CFG_SECRET, false, 0, 0, NULL, NULL, "file:/path or env:NAME" }, \
		{ name ".key_header", CFG_STR, false, 0, 64, NULL, "", \
		  "the header it goes into; left out: Authorization: Bearer" }, \
		{ name ".headers", CFG_OBJ, false, 0, 0, NULL, NULL, \
		  "others: {Content-Type: application/x-www-form-urlencoded}; JSON without one" }, \
		{ name ".body", CFG_STR, false, 0, 4000, NULL, "", \
		  "what is sent, with " names " {id}" }, \
	{ \
		name ".ca_file", CFG_STR, false, 0, 4096, NULL, "", \
			"certificates to trust, PEM; left out: the machine's" \
	}

static const struct cfg_rule rules[] = {
	{ "company", CFG_STR, false, 0, 0, NULL, "",
	  "file with the company's name, texts and keypad; flows, rules, products and so on lie "
	  "beside it; empty = the demo company, Harbour Home" },
	{ "data", CFG_STR, false, 0, 0, NULL, "", "data folder; empty = ~/.local/share/callm" },
	{ "http", CFG_OBJ, false, 0, 0, NULL, NULL, "console, chat and API" },
	{ "http.listen", CFG_STR, false, 3, 64, NULL, "127.0.0.1:8080", "address and port" },
	{ "http.tls_cert", CFG_STR, false, 0, 0, NULL, "",
	  "PEM file; with tls_key the door speaks HTTPS" },
	{ "http.tls_key", CFG_STR, false, 0, 0, NULL, "", "PEM file" },
	{ "http.rate_per_s", CFG_NUM, false, 0, 100000, NULL, "0",
	  "requests a second and address; 0 = no limit" },
	{ "http.chats_per_addr", CFG_INT, false, -1, 100000, NULL, "50",
	  "chats that one address may have open without sign-in; -1 = no limit" },
	{ "http.chats_max", CFG_INT, false, -1, 20000, NULL, "10000", "chats open in all" },
	{ "http.messages_per_s", CFG_NUM, false, 0.1, 1000, NULL, "20",
	  "texts a second in one chat" },
	{ "http.reply_ms", CFG_INT, false, 100, 600000, NULL, "30000",
	  "longest wait of a request for its reply" },
	{ "http.embed", CFG_LIST, false, 0, 0, NULL, NULL,
	  "web sites that may show the chat in a frame (docs/api.md, the widget)" },
	{ "http.embed[]", CFG_STR, false, 8, 200, NULL, NULL, "such as https://shop.example" },
	{ "sip", CFG_OBJ, false, 0, 0, NULL, NULL, "telephone" },
	{ "sip.enabled", CFG_BOOL, false, 0, 0, NULL, "true", "answer calls" },
	{ "sip.listen", CFG_STR, false, 3, 64, NULL, "127.0.0.1:5060",
	  "address and port, UDP and TCP" },
	{ "sip.public_ip", CFG_STR, false, 0, 0, NULL, "",
	  "address written into SDP when behind NAT" },
	{ "sip.allow", CFG_LIST, false, 0, 0, NULL, NULL,
	  "networks calls may come from, e.g. 10.0.0.0/8; others get nothing" },
	{ "sip.allow[]", CFG_STR, false, 0, 64, NULL, NULL, "CIDR" },
	{ "sip.realm", CFG_STR, false, 0, 64, NULL, "callm", "realm of digest authentication" },
	{ "sip.users", CFG_LIST, false, 0, 0, NULL, NULL,
	  "with users, calls must authenticate (digest); without, the networks above decide" },
	{ "sip.users[]", CFG_OBJ, false, 0, 0, NULL, NULL, "" },
	{ "sip.users[].user", CFG_STR, true, 1, 64, NULL, NULL, "name" },
	{ "sip.users[].password", CFG_SECRET, true, 0, 0, NULL, NULL,
	  "file:/path or env:NAME" },
	{ "sip.rtp_min", CFG_INT, false, 0, 65534, NULL, "20000", "first UDP port for audio" },
	{ "sip.rtp_max", CFG_INT, false, 0, 65535, NULL, "29999", "last UDP port for audio" },
	{ "sip.max_calls", CFG_INT, false, 1, 20000, NULL, "500",
	  "calls at once; more get 503" },
	{ "sip.max_cps", CFG_INT, false, 1, 2000, NULL, "50",
	  "new calls a second; more get 503" },
	{ "sip.drain_s", CFG_INT, false, 0, 86400, NULL, "20",
	  "told to end, the server lets running calls finish for so many seconds" },
	{ "sip.nat", CFG_BOOL, false, 0, 0, NULL, "false",
	  "accept audio from another address than signalled" },
	{ "sip.register", CFG_LIST, false, 0, 0, NULL, NULL,
	  "PBXs where we register as an extension" },
	{ "sip.register[]", CFG_OBJ, false, 0, 0, NULL, NULL, "" },
	{ "sip.register[].uri", CFG_STR, true, 5, 120, NULL, NULL,
	  "the registrar, sip:pbx.example.com" },
	{ "sip.register[].user", CFG_STR, true, 1, 60, NULL, NULL, "the extension" },
	{ "sip.register[].auth_user", CFG_STR, false, 0, 64, NULL, "",
	  "name for its password when that is another one" },
	{ "sip.register[].password", CFG_SECRET, true, 0, 0, NULL, NULL,
	  "file:/path or env:NAME" },
	{ "sip.register[].expires_s", CFG_INT, false, 10, 86400, NULL, "300",
	  "registered for so many seconds, then again" },
	{ "sip.refer_to", CFG_LIST, false, 0, 0, NULL, NULL,
	  "to whom the other side may send a call of ours (REFER); none = nobody" },
	{ "sip.refer_to[]", CFG_STR, false, 3, 120, NULL, NULL,
	  "user@host, or @host for anybody there" },
	{ "sip.tls_port", CFG_INT, false, -1, 65535, NULL, "0",
	  "port for SIP over TLS; 0 = none, -1 = any free one" },
	{ "sip.tls_cert", CFG_STR, false, 0, 4096, NULL, "",
	  "certificate (PEM); empty = one of its own making, which proves nothing" },
	{ "sip.tls_key", CFG_STR, false, 0, 4096, NULL, "", "its key; empty = in the same file" },
	{ "sip.tls_ca", CFG_STR, false, 0, 4096, NULL, "",
	  "both sides of a TLS call must prove themselves by this CA; empty = encrypted only" },
	{ "sip.srtp", CFG_STR, false, 0, 0, "off|offer|require", "offer",
	  "encrypted audio (SDES); offer = when the other side wants it" },
	{ "sip.session_s", CFG_INT, false, 0, 86400, NULL, "1800",
	  "session timer; 0 = only when the other side asks" },
	{ "sip.codecs", CFG_STR, false, 0, 64, NULL, "",
	  "of opus, g722, pcmu, pcma, in order of preference; empty = pcmu and pcma, as the other "
	  "side prefers" },
	{ "sip.language", CFG_STR, false, 0, 0, "en|zh", "en", "language a call starts in" },
	{ "sip.trunk", CFG_STR, false, 0, 120, NULL, "",
	  "host or host:port that numbers are called through" },
	{ "sip.trunk_user", CFG_STR, false, 0, 64, NULL, "",
	  "name for a trunk that asks for one; told to no other host when trunk is set" },
	{ "sip.trunk_password", CFG_SECRET, false, 0, 0, NULL, NULL, "file:/path or env:NAME" },
	{ "sip.from", CFG_STR, false, 0, 60, NULL, "", "our number, as the called see it" },
	{ "sip.record", CFG_BOOL, false, 0, 0, NULL, "true", "record calls (two channels)" },
	{ "transfer", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "callers handed to a person (docs/moves.md)" },
	{ "transfer.to", CFG_STR, false, 0, 200, NULL, "",
	  "who: sip:user@host, or a number for sip.trunk; empty = nobody" },
	{ "transfer.allow", CFG_LIST, false, 0, 0, NULL, NULL,
	  "more addresses that may be called; * at the end of a user or number stands for "
	  "any" },
	{ "transfer.allow[]", CFG_STR, false, 1, 200, NULL, NULL, "sip:2*@10.0.0.5, +4961*" },
	{ "transfer.ring_s", CFG_INT, false, 3, 55, NULL, "25",
	  "how long the person may ring" },
	{ "transfer.confirm", CFG_BOOL, false, 0, 0, NULL, "false",
	  "the person takes the call with key 1 and is told what it is about then: a machine "
	  "that answers hears nothing" },
	{ "transfer.after", CFG_STR, false, 0, 0, "bot|end", "bot",
	  "when the person hangs up: back to the bot, or the call ends" },
	{ "transfer.words", CFG_BOOL, false, 0, 0, NULL, "true",
	  "what persons say to a caller becomes words too: a recogniser more for each" },
	{ "audiosocket", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "calls that an Asterisk hands over by TCP (docs/asterisk.md)" },
	{ "audiosocket.listen", CFG_STR, false, 0, 64, NULL, "",
	  "address and port, e.g. 127.0.0.1:9092; empty = none are taken" },
	{ "audiosocket.allow", CFG_LIST, false, 0, 0, NULL, NULL,
	  "networks they may come from (there is no password); none = this machine only" },
	{ "audiosocket.allow[]", CFG_STR, false, 0, 64, NULL, NULL, "CIDR" },
	{ "audiosocket.max_calls", CFG_INT, false, 1, 20000, NULL, "200",
	  "calls at once; more are told to hang up" },
	{ "audiosocket.silent_s", CFG_INT, false, 1, 3600, NULL, "30",
	  "a call that sends no sound for so many seconds is over" },
	{ "stream", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "calls by WebSocket, /asterisk/media and /twilio/media, with an API key" },
	{ "stream.allow", CFG_LIST, false, 0, 0, NULL, NULL,
	  "networks they may come from; none = any, the key decides" },
	{ "stream.allow[]", CFG_STR, false, 0, 64, NULL, NULL, "CIDR" },
	{ "stream.max_calls", CFG_INT, false, 0, 20000, NULL, "200",
	  "calls at once; more get 503" },
	{ "stream.silent_s", CFG_INT, false, 1, 3600, NULL, "30",
	  "a call that sends no sound for so many seconds is over" },
	{ "outbound", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "calls that we place (POST /api/v1/calls, docs/moves.md)" },
	{ "outbound.allow", CFG_LIST, false, 0, 0, NULL, NULL,
	  "addresses and numbers that may be called; none = nobody" },
	{ "outbound.allow[]", CFG_STR, false, 1, 200, NULL, NULL, "sip:*@10.0.0.5, +4961*" },
	{ "outbound.ring_s", CFG_INT, false, 3, 55, NULL, "30", "how long it may ring" },
	{ "outbound.detect", CFG_BOOL, false, 0, 0, NULL, "true",
	  "tell persons from answering machines" },
	PROVIDER("llm", "openai|llama|local|builtin",
		 "language models, tried in order; none = the "
		 "installed one, the built-in engine behind it"),
	{ "llm[].n_ctx", CFG_INT, false, 0, 1000000, NULL, "0",
	  "llama: longest text in tokens; 0 = 4096" },
	{ "llm[].first_ms", CFG_INT, false, 0, 600000, NULL, "0",
	  "longest wait for the first word; 0 = 5000, on the telephone 1500" },
	{ "llm[].total_ms", CFG_INT, false, 0, 600000, NULL, "0",
	  "for the whole answer; 0 = 12000" },
	{ "llm[].price_in", CFG_NUM, false, 0, 1e6, NULL, "0",
	  "money per million tokens read" },
	{ "llm[].price_out", CFG_NUM, false, 0, 1e6, NULL, "0", "and written" },
	PROVIDER("asr", "openai|realtime|whisper|pocketsphinx|local",
		 "speech recognition, tried in "
		 "order; none = what is installed"),
	PROVIDER("tts", "openai|kokoro|piper|flite|espeak|local",
		 "voices, tried in order, the plain ones last; none = "
		 "what is installed"),
	PROVIDER("emb", "openai|e5|local|builtin",
		 "meaning of texts for the search; none = the "
		 "installed one"),
	{ "vad", CFG_STR, false, 0, 0, NULL, "",
	  "voice detection: name of an installed model, or "
	  "energy; empty = what is installed" },
	{ "turn", CFG_STR, false, 0, 0, NULL, "",
	  "end of a turn: name of an installed model "
	  "(smart-turn); empty = the length of pauses" },
	{ "speech", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "speech on the telephone and in the browser" },
	{ "speech.recognise", CFG_BOOL, false, 0, 0, NULL, "true", "false = keypad menu only" },
	{ "speech.workers", CFG_INT, false, 1, 256, NULL, "4",
	  "calls recognised at once; others get the keypad menu" },
	{ "models", CFG_OBJ, false, 0, 0, NULL, NULL, "weights on this machine" },
	{ "models.pull", CFG_BOOL, false, 0, 0, NULL, "false",
	  "fetch the default set in the background and use it as it arrives" },
	{ "models.cache", CFG_STR, false, 0, 0, NULL, "",
	  "folder they lie in; empty = $CALLM_CACHE, else ~/.cache/callm" },
	{ "models.registry", CFG_STR, false, 0, 0, NULL, "", "file with more models" },
	{ "recording", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "what is kept of calls (docs/recording.md)" },
	{ "recording.producer", CFG_STR, false, 0, 200, NULL, "callm",
	  "who answers for what the machine says; in the label of each recording" },
	{ "recording.replay", CFG_BOOL, false, 0, 0, NULL, "false",
	  "keep each conversation's events for callm replay, personal data sealed" },
	{ "privacy", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "personal data in what customers write (docs/guard.md)" },
	{ "privacy.reversible", CFG_BOOL, false, 0, 0, NULL, "false",
	  "keep what the masks hide, sealed under pii.key of the data folder, for administrators; "
	  "bank cards are never kept" },
	{ "knowledge", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "how the knowledge base keeps itself current (docs/ingest.md, docs/flywheel.md)" },
	{ "knowledge.folders", CFG_LIST, false, 0, 32, NULL, NULL,
	  "folders that sources may be read from; sources/ of the data folder always is" },
	{ "knowledge.folders[]", CFG_STR, false, 1, 1000, NULL, NULL, "/srv/help" },
	{ "knowledge.private_addresses", CFG_BOOL, false, 0, 0, NULL, "false",
	  "web sources may lie in private networks" },
	{ "knowledge.learn_at", CFG_STR, false, 0, 5, NULL, "03:00",
	  "when it looks at what customers asked in vain, by the company's clock; empty = never" },
	{ "knowledge.learn_days", CFG_INT, false, 1, 365, NULL, "30",
	  "how far back it looks" },
	{ "webhooks", CFG_OBJ, false, 0, 0, NULL, NULL, "events to other systems (docs/hook.md)" },
	{ "webhooks.private_addresses", CFG_BOOL, false, 0, 0, NULL, "false",
	  "webhooks may lead to this machine and private networks, also without TLS" },
	{ "night", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "the night school: learns from what people corrected (docs/night.md)" },
	{ "night.at", CFG_STR, false, 0, 5, NULL, "",
	  "when, by the company's clock, such as 02:30; empty = never" },
	{ "quality", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "how conversations are scored (docs/qa.md)" },
	{ "quality.model", CFG_BOOL, false, 0, 0, NULL, "false",
	  "the language model is asked for items that need judgement, if it is reached over the "
	  "network; costs tokens for each conversation" },
	{ "report", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "what reports count with (docs/reports.md)" },
	{ "report.agent_hour", CFG_NUM, false, 0, 1e6, NULL, "0",
	  "what an hour of an agent costs, for cost per interaction" },
	{ "report.voice_minute", CFG_NUM, false, 0, 1e6, NULL, "0",
	  "what a minute of telephone costs" },
	{ "retention", CFG_OBJ, false, 0, 0, NULL, NULL, "what is forgotten, and when" },
	{ "retention.tool_results_days", CFG_INT, false, 0, 36500, NULL, "90",
	  "what a business action told the customer; that it was done stays; 0 = kept for ever" },
	{ "disclosure", CFG_BOOL, false, 0, 0, NULL, "true",
	  "calls begin by saying that a machine speaks (the law asks for it)" },
	{ "talk", CFG_OBJ, false, 0, 0, NULL, NULL, "how calls are answered" },
	{ "talk.speculate", CFG_BOOL, false, 0, 0, NULL, "true",
	  "answers are prepared while the caller pauses; false = only for words that are "
	  "certain" },
	{ "talk.survey", CFG_STR, false, 0, 0, "none|csat|nps|ces", "none",
	  "how it was, asked when a customer says goodbye to the assistant (docs/talk.md)" },
	{ "feel", CFG_OBJ, false, 0, 0, NULL, NULL, "the customer's mood (docs/feel.md)" },
	{ "feel.voice", CFG_BOOL, false, 0, 0, NULL, "true",
	  "on calls, by the customer's voice as well as by the words" },
	{ "feel.voice_of_employees", CFG_BOOL, false, 0, 0, NULL, "false",
	  "cannot be true: emotion must not be read from people at work (EU AI Act)" },
	{ "limits", CFG_OBJ, false, 0, 0, NULL, NULL, "limits of one conversation" },
	{ "limits.model_cost", CFG_NUM, false, 0, 1e6, NULL, "0",
	  "money for language models, then the built-in engine answers; 0 = no limit" },
	{ "mcp", CFG_LIST, false, 0, 0, NULL, NULL, "servers of functions (docs/mcp.md)" },
	{ "mcp[]", CFG_OBJ, false, 0, 0, NULL, NULL, "a command or a url" },
	{ "mcp[].name", CFG_STR, true, 1, 64, NULL, NULL, "what it is called here" },
	{ "mcp[].command", CFG_LIST, false, 0, 0, NULL, NULL,
	  "a program and its arguments, talked to over its standard streams" },
	{ "mcp[].command[]", CFG_STR, false, 0, 4096, NULL, NULL, "" },
	{ "mcp[].env", CFG_LIST, false, 0, 0, NULL, NULL,
	  "NAME=value for it; of our own environment it gets PATH, HOME and the like" },
	{ "mcp[].env[]", CFG_STR, false, 0, 8192, NULL, NULL, "" },
	{ "mcp[].url", CFG_STR, false, 0, 2048, NULL, "", "or an address, https://.../mcp" },
	{ "mcp[].key", CFG_SECRET, false, 0, 0, NULL, NULL,
	  "its key: file:/path or env:NAME" },
	{ "mcp[].allow", CFG_LIST, false, 0, 0, NULL, NULL,
	  "names of the functions that may be called; none = all" },
	{ "mcp[].allow[]", CFG_STR, false, 1, 128, NULL, NULL, "" },
	{ "systems", CFG_LIST, false, 0, 0, NULL, NULL,
	  "business systems that tools may ask (docs/tool.md)" },
	{ "systems[]", CFG_OBJ, false, 0, 0, NULL, NULL, "a url, or a database file" },
	{ "systems[].name", CFG_STR, true, 1, 64, NULL, NULL, "what tools call it" },
	{ "systems[].url", CFG_STR, false, 0, 2048, NULL, "",
	  "base address: https://erp.example/api; tools add a path to it" },
	{ "systems[].key", CFG_SECRET, false, 0, 0, NULL, NULL,
	  "its key: file:/path or env:NAME" },
	{ "systems[].key_header", CFG_STR, false, 0, 64, NULL, "",
	  "the header it goes into; left out: Authorization: Bearer" },
	{ "systems[].headers", CFG_OBJ, false, 0, 0, NULL, NULL, "others: {X-Shop: \"1\"}" },
	{ "systems[].ca_file", CFG_STR, false, 0, 4096, NULL, "",
	  "certificates to trust, PEM; left out: the machine's" },
	{ "systems[].sqlite", CFG_STR, false, 0, 4096, NULL, "",
	  "or a database file, which is only read" },
	{ "systems[].max_bytes", CFG_INT, false, 1000, 4e6, NULL, "262144",
	  "of one answer" },
	{ "systems[].breaker_fails", CFG_INT, false, 1, 100, NULL, "5",
	  "failures in a row, then it is left alone" },
	{ "systems[].breaker_ms", CFG_INT, false, 1000, 3600000, NULL, "30000",
	  "for so long" },
	{ "mail", CFG_OBJ, false, 0, 0, NULL, NULL,
	  "the server that e-mails go out by (docs/tool.md); without it they are files" },
	{ "mail.host", CFG_STR, false, 0, 255, NULL, "", "smtp.example.com; empty = none" },
	{ "mail.port", CFG_INT, false, 1, 65535, NULL, "587", "" },
	{ "mail.tls", CFG_STR, false, 0, 0, "starttls|tls|none", "starttls",
	  "tls = from the first byte (port 465); none = only on a network of your own" },
	{ "mail.user", CFG_STR, false, 0, 255, NULL, "", "name to sign in with; empty = none" },
	{ "mail.password", CFG_SECRET, false, 0, 0, NULL, NULL, "file:/path or env:NAME" },
	{ "mail.from", CFG_STR, false, 0, 254, NULL, "", "address of the sender" },
	{ "mail.ca_file", CFG_STR, false, 0, 4096, NULL, "",
	  "certificates to trust, PEM; left out: the machine's" },
	{ "mail.subject", CFG_OBJ, false, 0, 0, NULL, NULL, "{zh: .., en: ..}" },
	POSTER("sms", "who sends text messages; without it they are files", "{to} {text} {lang}"),
	POSTER("pay", "who pays refunds; without it they are files",
	       "{refund} {order} {amount} {currency} {payment}"),
	{ "shards", CFG_INT, false, 0, 64, NULL, "0",
	  "conversation threads; 0 = by the number of cores" },
	{ "workers", CFG_INT, false, 0, 256, NULL, "0",
	  "threads for queries; 0 = by the number of cores" },
	{ "log", CFG_STR, false, 0, 0, "debug|info|warn|error", "info",
	  "least important line to write" },
};
#define N_RULES (sizeof(rules) / sizeof(*rules))

/* A provider may be a plain name: of weights on this machine, or builtin. */
static void spell_out(jv *tree)
{
	static const char *const roles[] = { "llm", "asr", "tts", "emb" };
	for (size_t r = 0; r < sizeof(roles) / sizeof(*roles); r++) {
		const jv *list = jv_get(tree, roles[r]);
		if (!jv_is_arr(list))
			continue;
		jv *out = jv_arr();
		for (size_t i = 0; i < jv_len(list); i++) {
			const jv *x = jv_at(list, i);
			jv *o = jv_is_str(x) ? jv_obj() : jv_copy(x);
			if (jv_is_str(x)) {
				bool none = sv_eq(jv_as_str(x), SV("builtin"));
				jv_set_str(o, "kind", none ? SV("builtin") : SV("local"));
				jv_set_str(o, "model", jv_as_str(x));
			}
			jv_push(out, o);
		}
		jv_set(tree, roles[r], out);
	}
}

static void print_issues(const struct cfg_report *rep)
{
	for (size_t i = 0; i < rep->n; i++)
		fprintf(stderr, "%s: %s; %s\n", rep->v[i].where, rep->v[i].what, rep->v[i].mend);
}

/* The demo fetches the default set of models while it runs, unless the file says otherwise. */
static void demo_defaults(jv *tree)
{
	jv *models = jv_get(tree, "models");
	if (models && !jv_is_obj(models))
		return; /* a complaint follows */
	jv *o = models ? jv_copy(models) : jv_obj();
	if (!jv_get(o, "pull"))
		jv_set_bool(o, "pull", true);
	jv_set(tree, "models", o);
}

jv *app_config(const char *path, const jv *over, bool demo)
{
	struct cfg_report rep = { 0 };
	struct err e = { 0 };
	struct sb text;
	sb_init(&text, LIM_CFG_BYTES);
	if (path && file_read(path, LIM_CFG_BYTES, &text, &e)) {
		cli_fail("%s", e.msg);
		sb_done(&text);
		return NULL;
	}
	jv *tree = text.n ? cfg_parse(sb_sv(&text), path, &rep) : jv_obj();
	int rc = tree ? 0 : ERR_PARSE;
	if (tree && over)
		cfg_merge(tree, over);
	if (tree && demo)
		demo_defaults(tree);
	if (tree) {
		spell_out(tree);
		cfg_env(tree, rules, N_RULES);
		rc = cfg_check(tree, sb_sv(&text), path ? path : "defaults", rules, N_RULES, &rep);
	}
	print_issues(&rep);
	if (rc == 0)
		rc = app_config_look(tree, path);
	cfg_report_done(&rep);
	sb_done(&text);
	if (rc == 0)
		return tree;
	jv_free(tree);
	return NULL;
}

void app_config_starter(struct sb *out)
{
	sb_cstr(out, "# A line with a # shows what holds without it; take the # away to change "
		     "that.\n# callm check --config FILE explains every mistake.\n\n");
	cfg_starter(rules, N_RULES, out);
}
