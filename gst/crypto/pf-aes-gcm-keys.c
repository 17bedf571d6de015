/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* pfaesgcm: where its key comes from, and what is made of it. */
#include "pf-aes-gcm-private.h"

#include "pf-session.h"

#include <string.h>
#include <unistd.h>

#define GST_CAT_DEFAULT pf_aes_gcm_debug

#define LOOK_AGAIN_US 10000 /* between looks at a key file that was good */

void
pf_aes_gcm_post_error (PfAesGcm *self, GError *error)
{
  gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_ERROR,
      error->domain, error->code, g_strdup (error->message), NULL, __FILE__,
      GST_FUNCTION, __LINE__);
  g_error_free (error);
}

PfNonceScheme
pf_aes_gcm_nonce_scheme (PfAesGcm *self, const PfWire *wire)
{
  if (wire == &pf_wire_gamestream)
    return PF_NONCE_GAMESTREAM_VIDEO;
  return self->sent_to_host ? PF_NONCE_PUNKTFUNK1_CLIENT
                            : PF_NONCE_PUNKTFUNK1_HOST;
}

void
pf_aes_gcm_drop_keys (PfAesGcm *self)
{
  pf_sealer_free (self->sealer);
  self->sealer = NULL;
  pf_aead_free (self->opener);
  self->opener = NULL;
  pf_replay_free (self->replay);
  self->replay = NULL;
  pf_key_clear (&self->key);
  self->have_key = FALSE;
  g_clear_pointer (&self->secret, pf_secret_unref);
}

gboolean
pf_aes_gcm_make_sealer (PfAesGcm *self)
{
  int ret;

  if (!self->have_key)
    return FALSE;
  if (self->outside_key && !pf_key_claim (&self->key, self->source.scheme)) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("This key has sealed before: hand a fresh one to every run."), (NULL));
    pf_aes_gcm_drop_keys (self);
    return FALSE;
  }
  memcpy (self->source.salt, self->key.salt, sizeof self->source.salt);
  ret = pf_sealer_new (self->key.cipher, &self->source, self->key.key,
      pf_aead_key_size (self->key.cipher), &self->sealer);
  pf_key_clear (&self->key);
  self->have_key = FALSE;
  if (ret < 0) {
    GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
        ("Cannot seal with this cipher and key; try another cipher."),
        ("%s", pf_strerror (ret)));
    return FALSE;
  }
  return TRUE;
}

/* Opens with this key from now on. What was opened with another does not
 * matter any more. Errors: LIBRARY/SETTINGS. */
static gboolean
install_key (PfAesGcm *self, const PfKey *key, GError **error)
{
  PfReplay *replay = NULL;
  PfAead *opener = NULL;
  int ret = pf_replay_new (PF_REPLAY_PUNKTFUNK1, &replay);

  if (ret == 0)
    ret = pf_aead_new (key->cipher, PF_AEAD_OPEN, key->key,
        pf_aead_key_size (key->cipher), &opener);
  if (ret < 0) {
    pf_replay_free (replay);
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "Cannot open packets with this key: %s", pf_strerror (ret));
    return FALSE;
  }
  pf_aes_gcm_drop_keys (self);
  self->replay = replay;
  self->opener = opener;
  self->key = *key;
  self->have_key = TRUE;
  memcpy (self->source.salt, key->salt, sizeof self->source.salt);
  self->highest = 0;
  self->proven = FALSE;
  self->failures = 0;
  GST_INFO_OBJECT (self, "opening with a new key");
  return TRUE;
}

gboolean
pf_aes_gcm_look_for_key (PfAesGcm *self)
{
  const gint64 now = g_get_monotonic_time ();
  GError *error = NULL;
  gboolean found = FALSE;
  PfKey key;

  if (!self->key_file || (self->proven && now - self->looked < LOOK_AGAIN_US))
    return FALSE;
  self->looked = now;
  if (!pf_key_file_changed (self->key_file, &self->stamp))
    return FALSE;
  if (pf_key_file_read (self->key_file, &key, &self->stamp, &error)) {
    if (!self->have_key || !pf_key_equal (&key, &self->key))
      found = install_key (self, &key, &error);
    pf_key_clear (&key);
  }
  if (error) {
    GST_WARNING_OBJECT (self, "%s", error->message);
    g_error_free (error);
  }
  return found;
}

/* ---- Sessions -------------------------------------------------------------- */

static GstPad *
session_pad (PfAesGcm *self)
{
  return self->mode == MODE_SEAL ? self->srcpad : self->sinkpad;
}

static void
set_source (PfAesGcm *self, Source source)
{
  GST_OBJECT_LOCK (self);
  self->source_of_key = source;
  GST_OBJECT_UNLOCK (self);
}

/* A key of the session that is not in use yet. */
static gboolean
begin_secret (PfAesGcm *self, PfSecret *secret)
{
  GError *error = NULL;

  pf_aes_gcm_drop_keys (self);
  self->wire = NULL;
  if (self->mode == MODE_OPEN) {
    if (!install_key (self, pf_secret_key (secret), &error)) {
      pf_aes_gcm_post_error (self, error);
      return FALSE;
    }
  } else {
    self->key = *pf_secret_key (secret);
    self->have_key = self->outside_key = TRUE;
  }
  self->secret = pf_secret_ref (secret);
  return TRUE;
}

static gboolean
take_params (PfAesGcm *self, const PfSessionParams *params)
{
  self->pending = FALSE;
  if (!params->sealed) {
    pf_aes_gcm_drop_keys (self);
    self->work = MODE_NONE;
    set_source (self, KEY_NOT_NEEDED);
    return TRUE;
  }
  self->work = self->mode;
  set_source (self, KEY_OF_SESSION);
  /* the numbers of a key go on */
  if (pf_secret_equal (self->secret, params->secret))
    return TRUE;
  self->sent_to_host = params->to_host;
  return begin_secret (self, params->secret);
}

gboolean
pf_aes_gcm_ask_session (PfAesGcm *self)
{
  PfSessionParams params;
  gboolean good;

  /* a key that was set is no session's business */
  if (self->source_of_key == KEY_SET || self->mode == MODE_NONE)
    return TRUE;
  switch (pf_session_ask (session_pad (self), TRUE, &params)) {
  case PF_SESSION_READY:
    good = take_params (self, &params);
    pf_session_params_clear (&params);
    return good;
  case PF_SESSION_BAD:
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("The endpoint of the session answers PfSessionParams with something "
         "that is none, or seals without a key; see docs/events.md."),
        (NULL));
    pf_aes_gcm_drop_keys (self);
    return FALSE;
  case PF_SESSION_NONE:
    if (self->source_of_key == KEY_NOT_KNOWN && !self->pending) {
      GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS,
          ("There is no key: what was linked is no endpoint of a session; set "
           "key-file=PATH or key-fd=N."),
          (NULL));
      return FALSE;
    }
    break;
  default:
    break;
  }
  /* none yet, or none any more */
  GST_DEBUG_OBJECT (self, "no session");
  pf_aes_gcm_drop_keys (self);
  self->pending = TRUE;
  set_source (self, KEY_NOT_KNOWN);
  return TRUE;
}

/* ---- The begin of a run --------------------------------------------------- */

/* Reads key-fd, which is used up then. */
static gboolean
take_fd_key (PfAesGcm *self, PfKey *key, GError **error)
{
  gboolean good;
  gint fd;

  GST_OBJECT_LOCK (self);
  fd = self->key_fd;
  self->key_fd = -1;
  GST_OBJECT_UNLOCK (self);
  good = pf_key_fd_read (fd, self->mode == MODE_SEAL, key, error);
  close (fd);
  return good;
}

/* A key to seal with is fresh, or handed over for this run. */
static gboolean
get_seal_key (PfAesGcm *self, GError **error)
{
  self->outside_key = !self->key_file;
  if (self->outside_key)
    self->have_key = take_fd_key (self, &self->key, error);
  else
    self->have_key = pf_key_generate (&self->key, self->cipher, error) &&
                     pf_key_file_write (self->key_file, &self->key, error);
  return self->have_key;
}

/* A key to open with may still be to come, if it comes in a file. */
static gboolean
get_open_key (PfAesGcm *self, GError **error)
{
  GError *problem = NULL;
  gboolean good;
  PfKey key;

  if (!self->key_file)
    good = take_fd_key (self, &key, error);
  else
    good = pf_key_file_read (self->key_file, &key, &self->stamp, &problem);
  if (problem) {
    if (g_error_matches (
            problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND)) {
      GST_INFO_OBJECT (self, "%s yet", problem->message);
      g_error_free (problem);
      return TRUE;
    }
    g_propagate_error (error, problem);
  }
  if (!good)
    return FALSE;
  good = install_key (self, &key, error);
  pf_key_clear (&key);
  return good;
}

/* Key-file and key-fd, or a session: one of them, and no more. */
static gboolean
find_source (PfAesGcm *self, GError **error)
{
  const guint set = (self->key_file != NULL) + (self->key_fd >= 0);
  const gboolean to_come =
      self->mode == MODE_OPEN && !gst_pad_is_linked (self->sinkpad);
  PfSessionParams params;
  PfSessionState state;

  /* without the secret: it is not used yet */
  state = pf_session_ask (session_pad (self), FALSE, &params);
  if (state == PF_SESSION_READY)
    pf_session_params_clear (&params);
  /* a source whose pad is still to come may be the endpoint of a session */
  if (set + (state != PF_SESSION_NONE || (set == 0 && to_come)) != 1) {
    g_set_error (error, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS,
        "%s set key-file=PATH, which the sealer writes and the opener reads, "
        "or key-fd=N, or link the endpoint of a session; mode=none passes "
        "packets as they are.",
        set > 0 ? "There are two sources of a key, only one can be:"
                : "There is no key (one from key-fd serves one run):");
    return FALSE;
  }
  set_source (self, set > 0 ? KEY_SET : KEY_NOT_KNOWN);
  return TRUE;
}

gboolean
pf_aes_gcm_get_key (PfAesGcm *self, GError **error)
{
  self->sent_to_host = self->to_host;
  g_atomic_int_set (&self->ask, FALSE);
  if (self->mode == MODE_NONE) {
    set_source (self, KEY_NOT_NEEDED);
    return TRUE;
  }
  if (!find_source (self, error))
    return FALSE;
  if (self->source_of_key == KEY_NOT_KNOWN) {
    g_atomic_int_set (&self->ask, TRUE);
    return TRUE;
  }
  return self->mode == MODE_SEAL ? get_seal_key (self, error)
                                 : get_open_key (self, error);
}
