/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a host grants; see pf-quic-welcome.h. */
#define _GNU_SOURCE /* explicit_bzero */
#include "pf-quic-welcome.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "pf-media.h"
#include "pf-quic-media.h"

#define MAX_BLOCK_GF8 160
#define MAX_BLOCK_GF16 4096

PfSecret *
pf_quic_welcome_secret (const PfMsgWelcome *w, const PfMsgKeys *keys)
{
  PfSecret *secret;
  PfKey key = { 0 };

  if (w->cipher == PF_CIPHER_CHACHA20_POLY1305) {
    key.cipher = PF_AEAD_CHACHA20_POLY1305;
    memcpy (key.key, keys->chacha, sizeof keys->chacha);
  } else {
    key.cipher = PF_AEAD_AES_128_GCM;
    memcpy (key.key, keys->aes, sizeof keys->aes);
  }
  memcpy (key.salt, keys->salt, sizeof key.salt);
  secret = pf_secret_new (&key);
  explicit_bzero (&key, sizeof key);
  return secret;
}

static gboolean
find_video (GstElement *element, GstPad *pad, gpointer user)
{
  GstPad **found = user;

  (void) element;
  if (!g_str_has_prefix (GST_PAD_NAME (pad), "video"))
    return TRUE;
  *found = gst_object_ref (pad);
  return FALSE;
}

GstCaps *
pf_quic_welcome_find_media (GstElement *host)
{
  GstPad *pad = NULL;
  GstCaps *caps;

  gst_element_foreach_sink_pad (host, find_video, &pad);
  if (!pad)
    return NULL;
  caps = pf_media_find (pad);
  gst_object_unref (pad);
  return caps;
}

/* What the audio pad gets; 0: there is none. */
static guint
find_channels (GstElement *host)
{
  GstPad *pad = gst_element_get_static_pad (host, "audio");
  GstCaps *caps = pad ? gst_pad_get_current_caps (pad) : NULL;
  gint channels = 0;

  if (caps)
    gst_structure_get_int (
        gst_caps_get_structure (caps, 0), "channels", &channels);
  gst_clear_caps (&caps);
  gst_clear_object (&pad);
  return (guint) channels;
}

gboolean
pf_quic_welcome_keys (PfMsgKeys *keys)
{
  /* a key of zeros is none, but that is as likely as any other */
  return gnutls_rnd (GNUTLS_RND_KEY, keys->aes, sizeof keys->aes) == 0 &&
         gnutls_rnd (GNUTLS_RND_KEY, keys->chacha, sizeof keys->chacha) == 0 &&
         gnutls_rnd (GNUTLS_RND_NONCE, keys->salt, sizeof keys->salt) == 0;
}

/* What can be said of the video: by its caps, or by what was granted. */
static void
find_abilities (const GstCaps *media, const PfQuicGrants *g, PfHostAbilities *a)
{
  if (media) {
    pf_quic_media_abilities (media, a);
  } else {
    memset (a, 0, sizeof *a);
    a->codecs = g->codec;
    a->ten_bit = g->depth == 10;
    a->hdr = g->hdr;
    a->chroma444 = g->chroma == 444;
    a->chacha20 = TRUE;
  }
}

static void
put_grants (const PfQuicGrants *g, PfMsgWelcome *w)
{
  if (g->width && g->height) {
    w->mode.width = g->width;
    w->mode.height = g->height;
  }
  if (g->fps)
    w->mode.refresh_hz = g->fps;
  if (g->bitrate_kbps)
    w->bitrate_kbps = g->bitrate_kbps;
  if (g->channels)
    w->audio_channels = (guint8) g->channels;
  if (g->limited) {
    w->grants = g->access;
    w->expires_in_s = g->expires_s;
  }
}

static void
put_settings (GstElement *host, const PfQuicHostSettings *s,
    const PfQuicData *data, PfMsgWelcome *w)
{
  const guint channels = find_channels (host);

  if (s->refresh_hz)
    w->mode.refresh_hz = s->refresh_hz;
  if (s->bitrate_kbps)
    w->bitrate_kbps = s->bitrate_kbps;
  if (channels)
    w->audio_channels = (guint8) channels;
  w->udp_port = (guint16) pf_quic_data_port (data);
  w->fec_scheme = s->scheme == PF_FEC_GF8 ? 0 : 1;
  w->fec_percent = (guint8) s->percent;
  w->max_data_per_block =
      s->scheme == PF_FEC_GF8 ? MAX_BLOCK_GF8 : MAX_BLOCK_GF16;
}

const gchar *
pf_quic_welcome_make (GstElement *host, const PfQuicHostSettings *settings,
    PfQuicSession *session, const GstCaps *media, const PfQuicGrants *grants,
    const PfQuicData *data, PfMsgWelcome *w)
{
  PfHostAbilities abilities;

  find_abilities (media, grants, &abilities);
  abilities.default_kbps = settings->bitrate_kbps;
  switch (pf_choose_welcome (&abilities, pf_quic_session_hello (session),
      pf_quic_data_is_ipv4 (data), w)) {
  case 0:
    break;
  case PF_ERR_UNSUPPORTED:
    return "the client cannot decode what this host encodes";
  default:
    return "no host has the mode that was asked for";
  }
  if (abilities.chroma444 && w->chroma != 3)
    return "the client cannot decode 4:4:4";
  if (abilities.ten_bit && w->bit_depth != 10)
    return "the client cannot decode 10 bits";
  if (media)
    pf_quic_media_describe (media, w);
  put_grants (grants, w);
  put_settings (host, settings, data, w);
  if (pf_quic_session_hello (session)->later &&
      (pf_quic_session_hello (session)->client_caps & PF_CLIENT_AUDIO_RED))
    w->host_caps |= PF_HOST_AUDIO_RED;
  return NULL;
}
