/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for GameStream's control messages and input. The first byte says
 * whether the rest is a message of the host or the client, or packets of input,
 * each with its length in front. What decodes encodes, and then stays as it
 * is; all that input becomes is valid, and what was pressed can be let go of.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "pf-gs-input.h"
#include "pf-gs-msg.h"

static void
fuzz_message (const uint8_t *bytes, size_t size, bool from_host)
{
  uint8_t once[PF_GS_MSG_MAX], twice[PF_GS_MSG_MAX];
  size_t n, m;
  PfGsMsg msg;

  if (pf_gs_msg_decode (bytes, size, from_host, &msg) < 0)
    return;
  if (pf_gs_msg_encode (&msg, once, sizeof once, &n) < 0) {
    FUZZ_CHECK (size > PF_GS_MSG_MAX);
    return;
  }
  FUZZ_CHECK (pf_gs_msg_decode (once, n, from_host, &msg) == 0);
  FUZZ_CHECK (pf_gs_msg_encode (&msg, twice, sizeof twice, &m) == 0);
  FUZZ_CHECK (n == m && memcmp (once, twice, n) == 0);
}

/* Counted by what is down. */
typedef struct {
  int held;
  uint16_t pads;
  unsigned told;
} Seen;

static void
note (void *user, const PfMsgInput *input, const PfMsgRich *rich)
{
  Seen *seen = user;

  FUZZ_CHECK (++seen->told < 1000);
  if (rich) {
    FUZZ_CHECK (rich->kind == PF_RICH_PEN || rich->touchpad.pad < PF_PADS_MAX);
    if (rich->kind == PF_RICH_PEN)
      FUZZ_CHECK (rich->pen.samples[0].x >= 0 && rich->pen.samples[0].x <= 1);
    return;
  }
  FUZZ_CHECK (pf_msg_input_check (input) == 0);
  switch (input->kind) {
  case PF_MSG_INPUT_KEY_DOWN:
  case PF_MSG_INPUT_BUTTON_DOWN:
  case PF_MSG_INPUT_TOUCH_DOWN:
    seen->held++;
    break;
  case PF_MSG_INPUT_KEY_UP:
  case PF_MSG_INPUT_BUTTON_UP:
  case PF_MSG_INPUT_TOUCH_UP:
    FUZZ_CHECK (seen->held-- > 0);
    break;
  case PF_MSG_INPUT_PAD_STATE:
    seen->pads |= (uint16_t) (1u << (input->flags & 15));
    break;
  case PF_MSG_INPUT_PAD_REMOVED:
    FUZZ_CHECK (seen->pads >> (input->flags & 15) & 1);
    seen->pads &= (uint16_t) ~(1u << (input->flags & 15));
    break;
  default:
    break;
  }
}

static void
fuzz_input (FuzzInput *in)
{
  Seen seen = { 0 };
  PfGsInputState state;

  pf_gs_input_state_init (&state);
  while (in->n > 0) {
    size_t size = fuzz_take8 (in), n;
    uint8_t out[PF_GS_INPUT_MAX], *exact;
    PfGsInput input, again;

    if (size > in->n)
      size = in->n;
    exact = malloc (size + !size);
    FUZZ_CHECK (exact != NULL);
    memcpy (exact, in->bytes, size);
    in->bytes += size;
    in->n -= size;
    if (pf_gs_input_decode (exact, size, &input) == 0) {
      FUZZ_CHECK (pf_gs_input_encode (&input, out, sizeof out, &n) == 0);
      FUZZ_CHECK (pf_gs_input_decode (out, n, &again) == 0);
      FUZZ_CHECK (pf_gs_input_channel (&input) < PF_GS_N_CHANNELS);
      seen.told = 0;
      pf_gs_input_translate (&state, &input, note, &seen);
    }
    free (exact);
  }
  seen.told = 0;
  pf_gs_input_release (&state, note, &seen);
  FUZZ_CHECK (seen.held == 0 && seen.pads == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  FuzzInput in = { bytes, n_bytes };
  const uint32_t what = fuzz_take8 (&in) % 3;

  if (what < 2)
    fuzz_message (in.bytes, in.n, what == 1);
  else
    fuzz_input (&in);
  return 0;
}
