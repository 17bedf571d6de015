/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a session agreed on; see pf-session.h. */
#include "pf-session.h"

#include "pf-fields.h"

#include <string.h>

#define AT(kind, member, name, max)                                            \
  PF_FIELD (PfSessionParams, kind, member, name, 0, max)
static const PfField fields[] = {
  AT (UINT, packets.shard_payload, "shard-payload", G_MAXUINT16),
  AT (UINT, packets.scheme, "scheme", G_MAXUINT8),
  AT (UINT, packets.max_block, "max-block", G_MAXUINT16),
  AT (UINT, packets.percent, "percent", 255),
  AT (UINT, packets.order, "order", PF_WIRE_ORDER_BLOCK),
  AT (UINT, packets.max_frame, "max-frame", G_MAXUINT),
  AT (BOOL, packets.filler_shared, "filler-shared", 1),
  AT (UINT, min_parity, "min-parity", 255),
  AT (BOOLEAN, adaptive, "adaptive", 1),
  AT (BOOLEAN, at_once, "at-once", 1),
  AT (BOOLEAN, sealed, "sealed", 1),
  AT (BOOLEAN, to_host, "to-host", 1),
};
#undef AT

void
pf_session_params_init (PfSessionParams *params)
{
  memset (params, 0, sizeof *params);
}

void
pf_session_params_clear (PfSessionParams *params)
{
  gst_clear_caps (&params->media);
  g_clear_pointer (&params->secret, pf_secret_unref);
  pf_session_params_init (params);
}

gboolean
pf_session_params_set_wire (PfSessionParams *params, const gchar *wire)
{
  if (!wire || !*wire || strlen (wire) >= sizeof params->wire)
    return FALSE;
  g_strlcpy (params->wire, wire, sizeof params->wire);
  return TRUE;
}

/* ---- Who asks ------------------------------------------------------------ */

GstQuery *
pf_session_query_new (gboolean with_secret)
{
  return gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new (PF_SESSION_PARAMS, "with-secret",
                            G_TYPE_BOOLEAN, with_secret, NULL));
}

static gboolean
read_params (const GstStructure *s, PfSessionParams *params)
{
  const GValue *media = gst_structure_get_value (s, "media");
  const GValue *secret = gst_structure_get_value (s, "secret");

  if (!pf_session_params_set_wire (
          params, gst_structure_get_string (s, "wire")) ||
      !pf_fields_get (
          s, fields, G_N_ELEMENTS (fields), params, sizeof *params) ||
      (media && !GST_VALUE_HOLDS_CAPS (media)) ||
      (secret && !G_VALUE_HOLDS (secret, PF_TYPE_SECRET)))
    return FALSE;
  if (media)
    params->media = gst_caps_copy (gst_value_get_caps (media));
  if (secret)
    params->secret = g_value_dup_boxed (secret);
  return TRUE;
}

PfSessionState
pf_session_query_read (GstQuery *query, PfSessionParams *params)
{
  const GstStructure *s = gst_query_get_structure (query);
  gboolean pending = FALSE;
  PfSessionParams p;

  if (!pf_session_query_is (query))
    return PF_SESSION_NONE;
  if (!gst_structure_get_boolean (s, "pending", &pending))
    return PF_SESSION_BAD;
  if (pending)
    return PF_SESSION_PENDING;
  pf_session_params_init (&p);
  if (!read_params (s, &p)) {
    pf_session_params_clear (&p);
    return PF_SESSION_BAD;
  }
  *params = p;
  return PF_SESSION_READY;
}

PfSessionState
pf_session_ask (GstPad *pad, gboolean with_secret, PfSessionParams *params)
{
  GstQuery *query = pf_session_query_new (with_secret);
  PfSessionState state = PF_SESSION_NONE;

  if (gst_pad_peer_query (pad, query))
    state = pf_session_query_read (query, params);
  if (state == PF_SESSION_READY && with_secret && params->sealed &&
      !params->secret) {
    pf_session_params_clear (params);
    state = PF_SESSION_BAD;
  }
  gst_query_unref (query);
  return state;
}

/* ---- Who answers --------------------------------------------------------- */

gboolean
pf_session_query_is (GstQuery *query)
{
  const GstStructure *s;

  if (GST_QUERY_TYPE (query) != GST_QUERY_CUSTOM)
    return FALSE;
  s = gst_query_get_structure (query);
  return s && gst_structure_has_name (s, PF_SESSION_PARAMS);
}

void
pf_session_answer (GstQuery *query, const PfSessionParams *params)
{
  GstStructure *s = gst_query_writable_structure (query);
  gboolean with_secret = FALSE;

  gst_structure_get_boolean (s, "with-secret", &with_secret);
  gst_structure_set (s, "pending", G_TYPE_BOOLEAN, FALSE, "wire", G_TYPE_STRING,
      params->wire, NULL);
  pf_fields_put (s, fields, G_N_ELEMENTS (fields), params);
  if (params->media)
    gst_structure_set (s, "media", GST_TYPE_CAPS, params->media, NULL);
  if (params->sealed && with_secret && params->secret)
    gst_structure_set (s, "secret", PF_TYPE_SECRET, params->secret, NULL);
}

void
pf_session_answer_pending (GstQuery *query)
{
  gst_structure_set (gst_query_writable_structure (query), "pending",
      G_TYPE_BOOLEAN, TRUE, NULL);
}
