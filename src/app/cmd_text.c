/* cmd_text.c: `callm understand` and `callm redact`: what the engine reads in a text. */
#include "app_int.h"
#include "feel.h"
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>

static jv *spans_json(const struct guard_in *in, bool value)
{
	jv *list = jv_arr();
	for (size_t i = 0; i < in->n; i++) {
		const struct guard_span *s = &in->spans[i];
		jv *o = jv_obj();
		jv_set_str(o, "type", sv_of(guard_pii_name(s->type)));
		if (value)
			jv_set_str(o, "value", sv_slice(in->clean, s->start, s->end));
		jv_set_int(o, "start", (int64_t)s->cp_start);
		jv_set_int(o, "end", (int64_t)s->cp_end);
		jv_push(list, o);
	}
	return list;
}

static jv *understand(sv text, struct arena *a)
{
	struct feel_state f = { 0 };
	struct guard_in in = { 0 };
	jv *o = jv_obj();
	feel_turn(&f, text, SV("en"));
	guard_inbound(text, a, &in);
	jv_set_str(o, "text", text);
	jv_set_str(o, "language", sv_of(f.lang));
	jv_set_num(o, "language_p", f.lang_p);
	if (f.intent[0])
		jv_set_str(o, "intent", sv_of(f.intent));
	else
		jv_set(o, "intent", jv_null());
	jv_set_num(o, "intent_p", f.intent_p);
	jv_set_bool(o, "out_of_scope", f.out_of_scope);
	jv_set_num(o, "sentiment", f.sentiment);
	jv_set_str(o, "emotion", sv_of(f.emotion[0] ? f.emotion : "neutral"));
	jv_set_num(o, "emotion_p", f.emotion_p);
	jv_set_num(o, "arousal", f.arousal);
	jv_set(o, "slots", jv_arr());
	jv_set(o, "pii", spans_json(&in, false));
	return o;
}

static void print_understood(sv text, bool json)
{
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	jv *o = understand(text, &a);
	if (json) {
		cli_print_json(o);
	} else {
		printf("language " SV_FMT "  intent " SV_FMT "  emotion " SV_FMT "\n",
		       SV_ARG(jv_get_str(o, "language")), SV_ARG(jv_get_str(o, "intent")),
		       SV_ARG(jv_get_str(o, "emotion")));
		jv_free(o);
	}
	arena_done(&a);
}

typedef void line_fn(sv line, bool json);

static int each_line(line_fn *fn, bool json)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		fn(sv_n(line, (size_t)n), json);
	}
	free(line);
	fflush(stdout);
	return 0;
}

int cmd_understand(int argc, char **argv)
{
	bool json = false;
	int rest, status;
	const struct cli_opt opts[] = { { "json", CLI_FLAG, &json, "one JSON object a line" } };
	if (!cli_parse(argc, argv, opts, 1, &rest, &status))
		return status;
	if (rest >= argc || strcmp(argv[rest], "-") == 0)
		return each_line(print_understood, json);
	print_understood(sv_of(argv[rest]), json);
	return 0;
}

static void print_redacted(sv line, bool json)
{
	struct arena a;
	struct guard_in in = { 0 };
	arena_init(&a, LIM_ARENA_TURN);
	guard_inbound(line, &a, &in);
	if (json) {
		jv *o = jv_obj();
		jv_set_str(o, "text", line);
		jv_set_str(o, "redacted", in.masked);
		jv_set(o, "pii", spans_json(&in, false));
		cli_print_json(o);
	} else {
		printf(SV_FMT "\n", SV_ARG(in.masked));
	}
	arena_done(&a);
}

int cmd_redact(int argc, char **argv)
{
	bool json = false;
	int rest, status;
	const struct cli_opt opts[] = { { "json", CLI_FLAG, &json,
					  "text, redacted and spans a line" } };
	if (!cli_parse(argc, argv, opts, 1, &rest, &status))
		return status;
	return each_line(print_redacted, json);
}
