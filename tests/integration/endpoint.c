/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* See endpoint.h. */
#include "endpoint.h"

#include <string.h>

static GstPadProbeReturn
answer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  GstPadProbeReturn ret = GST_PAD_PROBE_HANDLED;
  const GstStructure *s;
  Endpoint *e = data;

  (void) pad;
  if (!(info->type & GST_PAD_PROBE_TYPE_PUSH) || !pf_session_query_is (query))
    return GST_PAD_PROBE_OK;
  g_mutex_lock (&e->lock);
  e->asked++;
  switch (e->state) {
  case PF_SESSION_PENDING:
    pf_session_answer_pending (query);
    break;
  case PF_SESSION_READY:
    pf_session_answer (query, &e->params);
    break;
  case PF_SESSION_BAD:
    pf_session_answer (query, &e->params);
    gst_structure_remove_field (
        gst_query_writable_structure (query), "shard-payload");
    break;
  default:
    ret = GST_PAD_PROBE_OK;
    break;
  }
  s = gst_query_get_structure (query);
  e->secrets += gst_structure_has_field (s, "secret") ? 1 : 0;
  g_mutex_unlock (&e->lock);
  return ret;
}

void
endpoint_init (Endpoint *e, GstPad *pad)
{
  memset (e, 0, sizeof *e);
  g_mutex_init (&e->lock);
  e->state = PF_SESSION_PENDING;
  pf_session_params_set_wire (&e->params, "punktfunk1");
  e->params.packets = (PfWireConfig){
    .shard_payload = 1408,
    .scheme = PF_FEC_GF16,
    .max_block = 4096,
    .percent = 10,
  };
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_QUERY_BOTH, answer, e, NULL);
}

void
endpoint_clear (Endpoint *e)
{
  pf_session_params_clear (&e->params);
  g_mutex_clear (&e->lock);
}

void
endpoint_set_state (Endpoint *e, PfSessionState state)
{
  g_mutex_lock (&e->lock);
  e->state = state;
  g_mutex_unlock (&e->lock);
}

void
endpoint_set_key (Endpoint *e, PfAeadCipher cipher, guint8 fill)
{
  PfKey key = { .cipher = cipher };

  memset (key.key, fill, cipher == PF_AEAD_AES_128_GCM ? 16 : 32);
  memset (key.salt, fill, sizeof key.salt);
  g_mutex_lock (&e->lock);
  g_clear_pointer (&e->params.secret, pf_secret_unref);
  e->params.secret = pf_secret_new (&key);
  e->params.sealed = TRUE;
  g_mutex_unlock (&e->lock);
}
