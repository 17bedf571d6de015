/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From an offer to a plan; see select.h. */
#include "select.h"

/* In order of what they do with few bits. */
static const gchar *const codecs[PF_OFFER_CODECS] = { "h265", "av1", "h264" };

/* Frames of the bitrate that an encoder may run ahead by. */
#define VBV_FRAMES 4
#define AUDIO_KBPS_PER_PAIR 128
/* That every encoder can do. */
#define SOME_KBPS 2000

void
pf_grant_free (PfGrant *grant)
{
  if (!grant)
    return;
  g_free (grant->codec);
  g_free (grant->encoder);
  g_free (grant->note);
  pf_plan_free (grant->plan);
  g_free (grant);
}

/* ---- Values -------------------------------------------------------------- */

/* What a picture of this size and rate is worth, where nobody said. */
static guint
usual_bitrate (const PfOffer *o, guint fps)
{
  const guint64 pixels = (guint64) o->width * o->height * MIN (fps, 120);

  return (guint) CLAMP (pixels / 8000, 1500, 50000);
}

static PfValues *
values_of (const PfOffer *o, guint feed_fps, guint bitrate_kbps)
{
  PfValues *v = pf_values_new ();
  g_autofree gchar *chroma = g_strdup_printf ("%u", o->chroma);
  g_autofree gchar *audio_us = g_strdup_printf ("%u", o->audio_us);

  pf_values_set_uint (v, "width", o->width, NULL);
  pf_values_set_uint (v, "height", o->height, NULL);
  pf_values_set_uint (v, "fps", o->fps, NULL);
  pf_values_set_uint (v, "feed-fps", feed_fps, NULL);
  pf_values_set_uint (v, "bitrate-kbps", bitrate_kbps, NULL);
  pf_values_set_uint (v, "vbv-kbit",
      MAX ((guint64) bitrate_kbps * VBV_FRAMES / feed_fps, 1), NULL);
  pf_values_set_uint (v, "depth", o->depth, NULL);
  pf_values_set (v, "chroma", chroma, NULL);
  pf_values_set (v, "colorimetry", o->hdr ? "bt2100-pq" : "bt709", NULL);
  pf_values_set (v, "hdr", o->hdr ? "true" : "false", NULL);
  pf_values_set_uint (v, "channels", o->channels, NULL);
  pf_values_set_uint (v, "audio-kbps",
      o->audio_kbps ? o->audio_kbps : AUDIO_KBPS_PER_PAIR * o->channels / 2,
      NULL);
  if (o->audio_us)
    pf_values_set (v, "audio-frame-us", audio_us, NULL);
  pf_values_set (v, "audio-layout", o->high_audio ? "high" : "normal", NULL);
  return v;
}

/* The bitrate, within what the fragment can do. */
static guint
bent_bitrate (const PfFragment *f, guint kbps)
{
  const PfVariable *v = pf_fragment_variable (f, "bitrate-kbps");

  return v ? (guint) CLAMP (kbps, v->min, v->max) : kbps;
}

/* ---- One codec ----------------------------------------------------------- */

typedef struct {
  const PfFragment *encoder; /* NULL: none */
  const PfSpeed *speed;      /* NULL: not tested */
  guint feed;                /* 0: too slow */
} Able;

static void
refuse_slow (GHashTable *refused, const PfFragment *f, const PfSpeed *speed)
{
  gchar *why =
      speed->problem
          ? g_strdup_printf ("its self-test failed: %s", speed->problem)
          : g_strdup_printf (
                "its self-test made %.0f frames a second at 640x360, "
                "less than %u",
                speed->rungs[0].fps, PF_SPEED_LEAST_FPS);

  g_hash_table_insert (refused, g_strdup (f->name), why);
}

/* Whether the other one does more of what is asked for. */
static gboolean
is_outdone (const PfOffer *o, const Able *a, const Able *by)
{
  if (!a->encoder || a->feed != by->feed)
    return !a->encoder || a->feed < by->feed;
  return a->feed == 0 && pf_speed_estimate (a->speed, o->width, o->height) <
                             pf_speed_estimate (by->speed, o->width, o->height);
}

static void
refuse_outdone (GHashTable *refused, const PfOffer *o, const Able *a)
{
  g_hash_table_insert (refused, g_strdup (a->encoder->name),
      g_strdup_printf ("makes %.0f frames a second of %ux%u, too few for %u",
          pf_speed_estimate (a->speed, o->width, o->height), o->width,
          o->height, o->fps));
}

/* The next encoder for a codec that passes its self-test, by rank. */
static Able
next_encoder (PfSelect *s, const PfOffer *o, const PfWish *wish)
{
  Able able = { 0 };

  for (;;) {
    g_autoptr (PfChoice) choice =
        pf_catalog_choose (s->catalog, s->inventory, "encode", wish);

    able.encoder = choice->chosen;
    if (able.encoder && s->speeds)
      able.speed = pf_speeds_get (s->speeds, able.encoder);
    if (!able.speed || pf_speed_is_offered (able.speed))
      break;
    refuse_slow (wish->refused, able.encoder, able.speed);
    able = (Able){ 0 };
  }
  if (able.speed)
    able.feed = pf_speed_feed (able.speed, o->width, o->height, o->fps);
  else if (able.encoder)
    able.feed = o->fps;
  return able;
}

/* The first for a codec that makes the rate asked for; where none does, the one
 * that comes closest. The others are refused. */
static Able
find_encoder (PfSelect *s, const PfOffer *o, const gchar *codec,
    GHashTable *refused, GString *explain)
{
  /* The bitrate is bent into the encoder's range later. */
  g_autoptr (PfValues) values = values_of (o, o->fps, SOME_KBPS);
  PfWish wish = { codec, s->wire, values, s->use, refused, NULL };
  Able best = { 0 }, next;

  do {
    next = next_encoder (s, o, &wish);
    if (!next.encoder)
      break;
    if (is_outdone (o, &best, &next))
      best = next;
    if (next.feed < o->fps)
      refuse_outdone (refused, o, &next);
  } while (next.feed < o->fps);
  if (best.encoder)
    g_hash_table_remove (refused, best.encoder->name);
  if (explain) {
    g_autoptr (PfChoice) choice =
        pf_catalog_choose (s->catalog, s->inventory, "encode", &wish);

    g_string_append_printf (explain, "%s: ", codec);
    pf_choice_print (choice, explain);
  }
  return best;
}

static gboolean
client_takes (const PfOffer *o, const gchar *codec)
{
  return g_strv_contains ((const gchar *const *) o->codecs, codec);
}

/* Whether a codec is to be taken instead of an earlier one in the list. */
static gboolean
is_better (
    const PfOffer *o, const gchar *codec, const Able *a, const Able *before)
{
  if (a->feed != before->feed)
    return a->feed > before->feed;
  if (a->feed == 0)
    return pf_speed_estimate (a->speed, o->width, o->height) >
           pf_speed_estimate (before->speed, o->width, o->height);
  return g_strcmp0 (o->preferred, codec) == 0;
}

/* The codec that gets closest to the rate asked for; among equals the client's
 * preferred one, then the one that does most with few bits. */
static gint
find_codec (PfSelect *s, const PfOffer *o, Able able[PF_OFFER_CODECS],
    GHashTable *refused, GString *explain)
{
  gint best = -1;

  for (gint i = 0; i < PF_OFFER_CODECS; i++) {
    if (!client_takes (o, codecs[i]))
      continue;
    able[i] = find_encoder (s, o, codecs[i], refused, explain);
    if (able[i].encoder &&
        (best < 0 || is_better (o, codecs[i], &able[i], &able[best])))
      best = i;
  }
  return best;
}

/* Nobody makes what was asked for: was that so, or was the machine busy? */
static void
doubt (PfSelect *s, const Able able[PF_OFFER_CODECS])
{
  for (gint i = 0; i < PF_OFFER_CODECS; i++)
    if (able[i].speed)
      pf_speeds_doubt (s->speeds, able[i].encoder);
}

/* ---- The whole ----------------------------------------------------------- */

static void
set_too_slow (
    const PfOffer *o, const gchar *codec, const Able *able, GError **error)
{
  guint width = o->width, height = o->height, fps = o->fps;
  const gdouble estimate = pf_speed_estimate (able->speed, o->width, o->height);

  if (pf_speed_working_mode (able->speed, &width, &height, &fps))
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
        "this host encodes %ux%u in %s with %.0f frames a second, which is too "
        "few; %ux%u at %u works",
        o->width, o->height, codec, estimate, width, height, fps);
  else
    g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
        "this host encodes %ux%u in %s with %.0f frames a second, which is too "
        "few",
        o->width, o->height, codec, estimate);
}

/* A usual mode, no larger than the one asked for, that can be had. */
static gboolean
find_working_mode (PfSelect *s, const PfOffer *o, PfOffer *works)
{
  static const guint sizes[][2] = { { 3840, 2160 }, { 2560, 1440 },
    { 1920, 1080 }, { 1280, 720 }, { 640, 360 } };

  *works = *o;
  works->depth = 8;
  works->chroma = 420;
  works->hdr = FALSE;
  works->fps = MIN (o->fps, 60);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GHashTable) refused =
        g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    Able able[PF_OFFER_CODECS] = { { 0 } };
    gint best;

    if (sizes[i][0] > o->width || sizes[i][1] > o->height)
      continue;
    works->width = sizes[i][0];
    works->height = sizes[i][1];
    best = find_codec (s, works, able, refused, NULL);
    if (best >= 0 && able[best].feed > 0) {
      works->fps = able[best].feed;
      return TRUE;
    }
  }
  return FALSE;
}

static void
set_no_encoder (PfSelect *s, const PfOffer *o, GError **error)
{
  g_autofree gchar *all = g_strjoinv (", ", o->codecs);
  g_autofree gchar *instead = NULL;
  PfOffer works;

  if (find_working_mode (s, o, &works))
    instead = g_strdup_printf (
        "; %ux%u at %u works", works.width, works.height, works.fps);
  g_set_error (error, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE,
      "this host has no encoder for %ux%u%s%s%s in %s%s", o->width, o->height,
      o->depth == 10 ? ", 10 bit" : "", o->chroma == 444 ? ", 4:4:4" : "",
      o->hdr ? ", HDR" : "", *all ? all : "any codec that the client takes",
      instead ? instead : "");
}

static void add_note (GString *notes, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

static void
add_note (GString *notes, const gchar *format, ...)
{
  va_list args;

  if (notes->len)
    g_string_append (notes, "; ");
  va_start (args, format);
  g_string_append_vprintf (notes, format, args);
  va_end (args);
}

/* Steps down from what no encoder here does: HDR and 10 bit first, then 4:4:4
 * (text stays readable longest). FALSE when nothing is left to give up. */
static gboolean
step_down (PfOffer *o, GString *notes)
{
  if (o->depth == 10 || o->hdr) {
    add_note (notes, "nothing here does %s: 8 bit", o->hdr ? "HDR" : "10 bit");
    o->depth = 8;
    o->hdr = FALSE;
    return TRUE;
  }
  if (o->chroma == 444) {
    add_note (notes, "nothing here does 4:4:4: 4:2:0");
    o->chroma = 420;
    return TRUE;
  }
  return FALSE;
}

static PfGrant *
make_grant (PfSelect *s, const PfOffer *o, const gchar *codec, const Able *able,
    GHashTable *refused, GString *notes, GString *explain, GError **error)
{
  g_autoptr (PfGrant) g = g_new0 (PfGrant, 1);
  g_autoptr (PfPlan) failed = NULL;
  g_autoptr (PfValues) values = NULL;
  PfWish wish = { codec, s->wire, NULL, s->use, refused, NULL };

  g->codec = g_strdup (codec);
  g->width = o->width;
  g->height = o->height;
  g->fps = o->fps;
  g->feed_fps = able->feed;
  g->bitrate_kbps = bent_bitrate (able->encoder,
      o->bitrate_kbps ? o->bitrate_kbps : usual_bitrate (o, able->feed));
  g->max_bitrate_kbps = bent_bitrate (able->encoder, G_MAXINT32);
  if (g->max_bitrate_kbps == G_MAXINT32)
    g->max_bitrate_kbps = 0;
  g->depth = o->depth;
  g->chroma = o->chroma;
  g->channels = o->channels;
  g->hdr = o->hdr;
  g->encoder = g_strdup (able->encoder->name);
  if (able->feed < o->fps)
    add_note (notes, "%s makes %.0f frames a second of %ux%u: fed %u of %u",
        g->encoder, pf_speed_estimate (able->speed, o->width, o->height),
        o->width, o->height, able->feed, o->fps);
  g->note = notes->len ? g_strdup (notes->str) : NULL;
  values = values_of (o, g->feed_fps, g->bitrate_kbps);
  wish.values = values;
  g->plan = pf_plan_new (
      s->catalog, s->inventory, "host-session", &wish, &failed, error);
  if (explain) {
    g_autofree gchar *text = pf_plan_explain (g->plan ? g->plan : failed);

    g_string_append (explain, text);
  }
  return g->plan ? g_steal_pointer (&g) : NULL;
}

/* One try: *MISSES when less might do. */
static PfGrant *
try_offer (PfSelect *s, const PfOffer *o, GString *notes, GString *explain,
    gboolean *misses, GError **error)
{
  g_autoptr (GHashTable) refused =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Able able[PF_OFFER_CODECS] = { { 0 } };
  const gint best = find_codec (s, o, able, refused, explain);
  g_autoptr (GError) problem = NULL;
  PfGrant *grant = NULL;

  if (best >= 0 && able[best].feed < o->fps)
    doubt (s, able);
  if (best < 0)
    set_no_encoder (s, o, &problem);
  else if (able[best].feed == 0)
    set_too_slow (o, codecs[best], &able[best], error);
  else
    grant = make_grant (
        s, o, codecs[best], &able[best], refused, notes, explain, &problem);
  *misses = g_error_matches (problem, PF_LAUNCH_ERROR, PF_LAUNCH_ERROR_NONE);
  if (problem)
    g_propagate_error (error, g_steal_pointer (&problem));
  return grant;
}

PfGrant *
pf_select (PfSelect *s, const PfOffer *offer, GString *explain, GError **error)
{
  g_autoptr (GString) notes = g_string_new (NULL);
  g_autoptr (GError) last = NULL;
  PfOffer o = *offer; /* borrows its strings */
  gboolean misses = FALSE;
  PfGrant *grant;

  do {
    g_clear_error (&last);
    grant = try_offer (s, &o, notes, explain, &misses, &last);
  } while (!grant && misses && step_down (&o, notes));
  if (!grant)
    g_propagate_error (error, g_steal_pointer (&last));
  if (explain && grant && grant->note)
    g_string_append_printf (explain, "note: %s\n", grant->note);
  return grant;
}

gboolean
pf_select_has (PfSelect *s, const gchar *codec, guint depth, guint chroma)
{
  g_autoptr (GHashTable) refused =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  /* what many ask for: whoever is needed for it is tested now */
  const PfOffer o = { .width = 1920,
    .height = 1080,
    .fps = 60,
    .depth = depth,
    .chroma = chroma,
    .channels = 2 };

  return find_encoder (s, &o, codec, refused, NULL).encoder != NULL;
}

gchar **
pf_select_codecs (PfSelect *s)
{
  g_autoptr (GStrvBuilder) found = g_strv_builder_new ();

  for (gint i = 0; i < PF_OFFER_CODECS; i++)
    if (pf_select_has (s, codecs[i], 8, 420))
      g_strv_builder_add (found, codecs[i]);
  return g_strv_builder_end (found);
}
