/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a client asks for; see offer.h. */
#include "offer.h"

#include <string.h>

#define NAME_MAX_BYTES 64
#define SIDE_MIN 64
#define SIDE_MAX 16384
#define FPS_MAX 1000

static const gchar *const codecs[] = { "h265", "av1", "h264" };

static guint
take_uint (const GstStructure *s, const gchar *name, guint otherwise, guint low,
    guint high)
{
  guint value;

  return gst_structure_get_uint (s, name, &value) ? CLAMP (value, low, high)
                                                  : otherwise;
}

/* For a terminal and for JSON: no control characters, not long. */
static gchar *
take_text (const GstStructure *s, const gchar *name)
{
  const gchar *text = gst_structure_get_string (s, name);
  GString *out;

  if (!text || !*text)
    return NULL;
  out = g_string_new (NULL);
  for (; *text && out->len < NAME_MAX_BYTES; text = g_utf8_next_char (text)) {
    const gunichar c = g_utf8_get_char_validated (text, -1);

    if (c == (gunichar) -1 || c == (gunichar) -2)
      break;
    g_string_append_unichar (out, g_unichar_isprint (c) ? c : '?');
  }
  return g_string_free (out, FALSE);
}

static void
take_codecs (const GstStructure *s, PfOffer *offer)
{
  const gchar *text = gst_structure_get_string (s, "codecs");
  const gchar *preferred = gst_structure_get_string (s, "preferred");
  g_auto (GStrv) words = g_strsplit (text ? text : "h265", ";", 16);
  g_autoptr (GStrvBuilder) known = g_strv_builder_new ();

  for (guint i = 0; i < G_N_ELEMENTS (codecs); i++) {
    if (!g_strv_contains ((const gchar *const *) words, codecs[i]))
      continue;
    g_strv_builder_add (known, codecs[i]);
    if (g_strcmp0 (preferred, codecs[i]) == 0)
      offer->preferred = g_strdup (codecs[i]);
  }
  offer->codecs = g_strv_builder_end (known);
}

gboolean
pf_offer_read (const GstStructure *s, PfOffer *offer)
{
  PfOffer o = { 0 };

  if (!gst_structure_has_name (s, "PfSessionOffer") ||
      !gst_structure_get_uint64 (s, "id", &o.id))
    return FALSE;
  o.peer = take_text (s, "peer");
  o.name = take_text (s, "name");
  o.fingerprint = take_text (s, "fingerprint");
  /* 4:2:0 needs even sizes */
  o.width = take_uint (s, "width", 1280, SIDE_MIN, SIDE_MAX) & ~1u;
  o.height = take_uint (s, "height", 720, SIDE_MIN, SIDE_MAX) & ~1u;
  o.fps = take_uint (s, "fps", 60, 1, FPS_MAX);
  if (take_uint (s, "bitrate-kbps", 0, 0, G_MAXUINT) > 0)
    o.bitrate_kbps = take_uint (s, "bitrate-kbps", 0, 500, 8000000);
  o.depth = take_uint (s, "depth", 8, 8, 10) == 10 ? 10 : 8;
  o.chroma = take_uint (s, "chroma", 420, 0, 444) == 444 ? 444 : 420;
  o.channels = take_uint (s, "channels", 2, 0, 8);
  if (o.channels != 6 && o.channels != 8)
    o.channels = 2;
  gst_structure_get_boolean (s, "hdr", &o.hdr);
  o.launches = g_strcmp0 (gst_structure_get_string (s, "launch"), "") > 0;
  take_codecs (s, &o);
  *offer = o;
  return TRUE;
}

static gboolean
is_side (guint pixels)
{
  return pixels >= SIDE_MIN && pixels <= SIDE_MAX && pixels % 2 == 0;
}

gboolean
pf_offer_set_mode (PfOffer *offer, guint width, guint height, guint fps)
{
  if (!is_side (width) || !is_side (height) || fps < 1 || fps > FPS_MAX)
    return FALSE;
  offer->width = width;
  offer->height = height;
  offer->fps = fps;
  return TRUE;
}

void
pf_offer_clear (PfOffer *offer)
{
  g_free (offer->peer);
  g_free (offer->name);
  g_free (offer->fingerprint);
  g_strfreev (offer->codecs);
  g_free (offer->preferred);
  memset (offer, 0, sizeof *offer);
}
