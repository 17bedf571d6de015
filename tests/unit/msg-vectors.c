/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages of punktfunk/1 that real peers made.
 */
#include "msg-vectors.h"

#include <string.h>

#include "pf-test.h"

bool
msg_vectors_next (const char *prefix, size_t *index, MsgVector *vector)
{
  static const PfJson *all;
  const PfJson *v;

  if (*index == 0)
    all = pf_json_member (
        crypto_vectors_load ("punktfunk1/messages.json"), "vectors");
  PF_REQUIRE (pf_json_length (all) == 83);
  while ((v = pf_json_at (all, (*index)++))) {
    const char *name = pf_json_string (pf_json_member (v, "name"));

    PF_REQUIRE (name != NULL);
    if (strncmp (name, prefix, strlen (prefix)) != 0)
      continue;
    *vector = (MsgVector){
      .name = name,
      .since = pf_json_string (pf_json_member (v, "since")),
      .fields = pf_json_member (v, "fields"),
      .bytes = crypto_vectors_hex (pf_json_member (v, "hex")),
    };
    PF_REQUIRE (vector->since && vector->fields);
    return true;
  }
  return false;
}

uint64_t
msg_number (const PfJson *fields, const char *name)
{
  uint64_t n = 0;

  PF_REQUIRE (pf_json_uint64 (pf_json_member (fields, name), &n));
  return n;
}

int64_t
msg_signed (const PfJson *fields, const char *name)
{
  return crypto_vectors_int (pf_json_member (fields, name));
}

uint64_t
msg_number_or (const PfJson *fields, const char *name, uint64_t absent)
{
  return pf_json_member (fields, name) ? msg_number (fields, name) : absent;
}

const char *
msg_text (const PfJson *fields, const char *name)
{
  const PfJson *text = pf_json_member (fields, name);

  PF_REQUIRE (text != NULL);
  return pf_json_type (text) == PF_JSON_NULL ? "" : pf_json_string (text);
}

PfMsgSpan
msg_bytes (const PfJson *fields, const char *name)
{
  const Bytes b = crypto_vectors_hex (pf_json_member (fields, name));

  return (PfMsgSpan){ b.data, b.size };
}

static uint64_t
element (const PfJson *array, size_t index)
{
  return (uint64_t) crypto_vectors_int (pf_json_at (array, index));
}

PfMsgMode
msg_mode (const PfJson *fields)
{
  const PfJson *mode = pf_json_member (fields, "mode");

  return (PfMsgMode){ (uint32_t) element (mode, 0),
    (uint32_t) element (mode, 1), (uint32_t) element (mode, 2) };
}

PfMsgHdr
msg_hdr (const PfJson *hdr)
{
  const PfJson *primaries = pf_json_member (hdr, "display_primaries_gbr_xy");
  const PfJson *white = pf_json_member (hdr, "white_point");
  PfMsgHdr h;

  for (size_t i = 0; i < 6; i++)
    h.primaries[i / 2][i % 2] =
        (uint16_t) element (pf_json_at (primaries, i / 2), i % 2);
  for (size_t i = 0; i < 2; i++)
    h.white[i] = (uint16_t) element (white, i);
  h.max_luminance = (uint32_t) msg_number (hdr, "max_lum");
  h.min_luminance = (uint32_t) msg_number (hdr, "min_lum");
  h.max_cll = (uint16_t) msg_number (hdr, "max_cll");
  h.max_fall = (uint16_t) msg_number (hdr, "max_fall");
  return h;
}
