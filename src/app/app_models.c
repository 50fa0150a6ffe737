/* app_models.c: which models the server uses.
 *
 * For each role the configuration's list decides, in its order; without one, what is installed
 * on this machine, with the engines that need no weights behind it. A name that is not
 * installed is left out with a note that says how to get it: a server never fails to start for
 * want of weights. The end-of-turn model works only when it is named: pauses alone were as good
 * (docs/MODELS.md). Specs and their strings are kept until the end, since threads still hold
 * earlier ones after a change. */
#include "app_models.h"
#include "app_int.h"

#include <stdio.h>
#include <unistd.h>

struct app_models {
	const jv *cfg;
	const char *lm_dir;
	struct weights *w;
	struct weights_puller *puller;
	struct mbox *box;
	void (*on_ready)(void *arg, enum app_role r);
	void *arg;
	struct arena a;
	struct { /* secrets, read once, cleared at the end */
		const jv *of; /* the entry */
		struct sb text;
	} keys[APP_ROLES * APP_SPECS];
	int n_keys;
	struct app_specs *now[APP_ROLES];
};

static const struct {
	const char *cfg, *weights;
} roles[APP_ROLES] = {
	[APP_LLM] = { "llm", "llm" },	[APP_ASR] = { "asr", "asr" },
	[APP_TTS] = { "tts", "tts" },	[APP_EMB] = { "emb", "embed" },
	[APP_TURN] = { "turn", "turn" }, [APP_VAD] = { "vad", "vad" },
};

/* ---- one spec ---- */

static const char *keep(struct app_models *m, sv s)
{
	return s.n ? arena_cstr(&m->a, s) : NULL;
}

static struct model_spec *add(struct app_specs *out)
{
	return out->n < APP_SPECS ? &out->v[out->n++] : NULL;
}

static void add_pick(struct app_models *m, struct app_specs *out, const struct weights_pick *p,
		     const jv *x)
{
	struct model_spec *s = add(out);
	if (!s)
		return;
	*s = (struct model_spec){
		.kind = p->kind,
		.model = p->name,
		.file = keep(m, sv_of(p->file)),
		.runtime = keep(m, sv_of(p->runtime)),
		.voice = keep(m, jv_get_str(x, "voice")),
		.lang = keep(m, jv_get_str(x, "lang")),
		.threads = (int)jv_get_int(x, "threads", 0),
		.memory_mb = (int)jv_get_int(x, "memory_mb", 0),
		.n_ctx = (int)jv_get_int(x, "n_ctx", 0),
	};
	if (strcmp(p->item->role, "asr") != 0)
		return;
	s->data = m->lm_dir;
	if (!s->lang) /* what callers speak: the recogniser tells these two apart by itself */
		s->lang = "zh,en";
}

static void add_local(struct app_models *m, struct app_specs *out, const char *role, sv name,
		      const jv *x)
{
	struct err e = { 0 };
	struct weights_pick p;
	const struct weights_item *it = weights_named(m->w, name);
	if (!it || strcmp(it->role, role) != 0)
		snprintf(out->note, sizeof(out->note),
			 "%s: there is no model \"" SV_FMT "\"; see callm models list", role,
			 SV_ARG(name));
	else if (weights_locate(m->w, it, &p, &e))
		snprintf(out->note, sizeof(out->note), "%s", e.msg);
	else
		add_pick(m, out, &p, x);
}

/* A key that cannot be read leaves the entry out, on the note: callm check says the same. */
static bool key_of(struct app_models *m, const jv *x, const char **ret, struct app_specs *out)
{
	struct err e = { 0 };
	sv ref = jv_get_str(x, "key"), path = jv_get_str(x, "key_file");
	*ret = NULL;
	for (int i = 0; i < m->n_keys; i++)
		if (m->keys[i].of == x)
			return *ret = sb_str(&m->keys[i].text), true;
	if (!ref.n && path.n)
		ref = sv_of(arena_fmt(&m->a, "file:" SV_FMT, SV_ARG(path)));
	if (!ref.n)
		return true;
	ASSERT(m->n_keys < APP_ROLES * APP_SPECS); /* app_config_look counts the entries */
	struct sb *key = &m->keys[m->n_keys].text;
	sb_init(key, 8192);
	if (cfg_secret(ref, key, &e)) {
		snprintf(out->note, sizeof(out->note), "%s", e.msg);
		sb_done(key);
		return false;
	}
	m->keys[m->n_keys++].of = x;
	*ret = sb_str(key);
	return true;
}

static int64_t money(const jv *x, const char *name)
{
	return (int64_t)(jv_get_num(x, name, 0) * 1e6 + 0.5);
}

static void add_written(struct app_models *m, struct app_specs *out, const jv *x)
{
	const char *key;
	if (!key_of(m, x, &key, out))
		return;
	struct model_spec *s = add(out);
	if (!s)
		return;
	*s = (struct model_spec){
		.kind = jv_get_str(x, "kind").p,
		.url = keep(m, jv_get_str(x, "url")),
		.model = keep(m, jv_get_str(x, "model")),
		.key = key,
		.dialect = keep(m, jv_get_str(x, "dialect")),
		.voice = keep(m, jv_get_str(x, "voice")),
		.lang = keep(m, jv_get_str(x, "lang")),
		.file = keep(m, jv_get_str(x, "file")),
		.runtime = keep(m, jv_get_str(x, "runtime")),
		.threads = (int)jv_get_int(x, "threads", 0),
		.memory_mb = (int)jv_get_int(x, "memory_mb", 0),
		.n_ctx = (int)jv_get_int(x, "n_ctx", 0),
		.first_ms = (int)jv_get_int(x, "first_ms", 0),
		.total_ms = (int)jv_get_int(x, "total_ms", 0),
		.price_in = money(x, "price_in"),
		.price_out = money(x, "price_out"),
		.data = m->lm_dir,
		.script = jv_get(x, "script"),
	};
}

/* ---- one role ---- */

static void from_list(struct app_models *m, enum app_role r, const jv *list, struct app_specs *out)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		sv kind = jv_get_str(x, "kind");
		if (sv_eq(kind, SV("builtin")))
			return; /* nothing after it */
		if (sv_eq(kind, SV("local")))
			add_local(m, out, roles[r].weights, jv_get_str(x, "model"), x);
		else
			add_written(m, out, x);
	}
}

static void from_installed(struct app_models *m, enum app_role r, struct app_specs *out)
{
	struct err e = { 0 };
	struct weights_pick p;
	int rc = weights_find(m->w, sv_of(roles[r].weights), SV_NULL, &p, &e);
	if (rc == 0)
		add_pick(m, out, &p, NULL);
	else
		snprintf(out->note, sizeof(out->note), "%s", e.msg);
}

static bool add_named(struct app_models *m, struct app_specs *out, const char *name,
		      const char *lang)
{
	struct err e = { 0 };
	struct weights_pick p;
	const struct weights_item *it = weights_named(m->w, sv_of(name));
	if (!it || weights_locate(m->w, it, &p, &e))
		return false;
	add_pick(m, out, &p, NULL);
	out->v[out->n - 1].lang = lang;
	return true;
}

/* Kokoro takes about as long as it speaks on one core (docs/MODELS.md): in Chinese there is nothing
 * else that is understood; in English it waits for a machine with cores to spare. A voice that
 * was chosen (callm models use tts NAME) comes first in its languages. */
#define KOKORO_CORES 6

static void installed_voices(struct app_models *m, struct app_specs *out)
{
	char chosen[64];
	weights_chosen(m->w, SV("tts"), chosen);
	if (chosen[0])
		(void)add_named(m, out, chosen, NULL);
	if (sysconf(_SC_NPROCESSORS_ONLN) >= KOKORO_CORES)
		(void)add_named(m, out, "kokoro", NULL);
	(void)add_named(m, out, "piper-joe", "en");
	if (!add_named(m, out, "kokoro", "zh"))
		snprintf(out->note, sizeof(out->note), "no neural voice: callm models pull kokoro");
}

/* What needs no weights stands behind what was found. Behind a written list only the voices do: a
 * caller who hears nothing is worse off than one who hears a plain voice. */
static void add_built_in(struct app_models *m, enum app_role r, struct app_specs *out)
{
	static const char *const voices[] = { "flite", "espeak" };
	struct model_spec *s;
	for (int i = 0; r == APP_TTS && i < 2; i++)
		if ((s = add(out)))
			*s = (struct model_spec){ .kind = voices[i] };
	if (r == APP_ASR && (s = add(out)))
		*s = (struct model_spec){ .kind = "pocketsphinx", .lang = "en",
					  .data = m->lm_dir };
}

static bool same(const struct app_specs *a, const struct app_specs *b)
{
	if (!a || a->n != b->n || strcmp(a->note, b->note) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct model_spec *x = &a->v[i], *y = &b->v[i];
		if (strcmp(x->kind, y->kind) != 0 || !sv_eq(sv_of(x->file), sv_of(y->file)) ||
		    !sv_eq(sv_of(x->url), sv_of(y->url)) ||
		    !sv_eq(sv_of(x->lang), sv_of(y->lang)) ||
		    !sv_eq(sv_of(x->model), sv_of(y->model)))
			return false;
	}
	return true;
}

const struct app_specs *app_models_of(struct app_models *m, enum app_role r)
{
	struct app_specs out = { 0 };
	const jv *entry = jv_get(m->cfg, roles[r].cfg);
	sv name = jv_as_str(entry);
	bool off = sv_eq(name, SV("energy")) || sv_eq(name, SV("pause"));
	if (jv_len(entry))
		from_list(m, r, entry, &out);
	else if (name.n && !off)
		add_local(m, &out, roles[r].weights, name, NULL);
	else if (r == APP_TTS)
		installed_voices(m, &out);
	else if (!off && r != APP_TURN)
		from_installed(m, r, &out);
	if (!jv_len(entry) || r == APP_TTS)
		add_built_in(m, r, &out);
	if (!same(m->now[r], &out)) {
		struct app_specs *fresh = arena_new(&m->a, struct app_specs, 1);
		if (jv_len(entry) && out.note[0])
			LOG(WARN, "models.left_out", "%s", out.note);
		if (fresh) {
			*fresh = out;
			m->now[r] = fresh;
		}
	}
	return m->now[r];
}

/* ---- what arrives ---- */

static void on_event(void *arg, const struct weights_event *ev)
{
	struct app_models *m = arg;
	if (ev->state == WEIGHTS_READY)
		LOG(INFO, "models.ready", "%s is here and used from now on", ev->item->name);
	else if (ev->err)
		LOG(WARN, "models.pull", "%s: %s", ev->item->name, ev->text);
	if (ev->state != WEIGHTS_READY || !m->on_ready)
		return;
	for (int r = 0; r < APP_ROLES; r++)
		if (strcmp(ev->item->role, roles[r].weights) == 0 ||
		    strcmp(ev->item->role, "runtime") == 0 || strcmp(ev->item->role, "data") == 0)
			m->on_ready(m->arg, (enum app_role)r);
}

int app_models_pull(struct app_models *m, void (*on_ready)(void *arg, enum app_role r), void *arg,
		    struct err *e)
{
	if (!jv_get_bool(jv_get(m->cfg, "models"), "pull", false))
		return 0;
	m->on_ready = on_ready;
	m->arg = arg;
	return weights_puller_start(&m->puller, m->w, NULL, 0, m->box, on_event, m, e);
}

void app_models_tick(struct app_models *m)
{
	(void)mbox_drain(m->box);
}

void app_models_list(struct app_models *m, jv *out)
{
	weights_list(m->w, m->puller, out);
}

int app_models_open(struct app_models **ret, const jv *cfg, const char *data, const char *lm_dir,
		    struct err *e)
{
	struct app_models *m = xalloc(sizeof(*m));
	const jv *models = jv_get(cfg, "models");
	sv registry = jv_get_str(models, "registry"), cache = jv_get_str(models, "cache");
	struct weights_opts o = { .data = data, .registry = registry.n ? registry.p : NULL,
				  .cache = cache.n ? cache.p : NULL };
	m->cfg = cfg;
	m->lm_dir = lm_dir;
	arena_init(&m->a, LIM_ARENA_CONV);
	m->box = mbox_new(NULL);
	int rc = weights_open(&m->w, &o, e);
	if (rc) {
		app_models_close(m);
		return rc;
	}
	*ret = m;
	return 0;
}

void app_models_close(struct app_models *m)
{
	if (!m)
		return;
	weights_puller_stop(m->puller);
	weights_close(m->w);
	mbox_free(m->box);
	for (int i = 0; i < m->n_keys; i++)
		sb_done(&m->keys[i].text);
	arena_done(&m->a);
	xfree(m);
}

int app_models_with(enum app_role r, const char *kind, const char *missing,
		    int (*fn)(void *arg, const struct model_spec *s, struct err *e), void *arg,
		    struct err *e)
{
	struct app_models *models = NULL;
	jv *cfg = jv_obj();
	struct sb dir;
	sb_init(&dir, 4096);
	int rc = app_data_dir("", &dir, e);
	if (rc == 0)
		rc = app_models_open(&models, cfg, sb_str(&dir), NULL, e);
	const struct app_specs *s = rc ? NULL : app_models_of(models, r);
	size_t i = 0;
	while (s && i < s->n && kind && strcmp(s->v[i].kind, kind) != 0)
		i++;
	if (s)
		rc = i < s->n ? fn(arg, &s->v[i], e) : err_set(e, ERR_NOTFOUND, "%s", missing);
	app_models_close(models);
	jv_free(cfg);
	sb_done(&dir);
	return rc;
}
