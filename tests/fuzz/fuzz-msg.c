/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fuzz target for the messages of punktfunk/1. The first byte of an input
 * says which decoder gets the rest. What decodes must encode, and then stay
 * as it is: bytes to fields to bytes to fields to the same bytes.
 */
#include "fuzz-wire.h"

#include <string.h>

#include "pf-msg.h"

enum { ROOM = 80000 };

static uint8_t first[ROOM], second[ROOM];

/* Two encodings of what should be the same. */
static void
check_same (int ret, size_t n_first, size_t n_second)
{
  FUZZ_CHECK (ret == 0);
  FUZZ_CHECK (n_first == n_second);
  FUZZ_CHECK (memcmp (first, second, n_first) == 0);
}

static void
hello (const uint8_t *bytes, size_t size)
{
  PfMsgHello a, b;
  size_t n, m;
  int ret;

  if (pf_msg_hello_decode (bytes, size, &a) < 0)
    return;
  FUZZ_CHECK (a.compositor < PF_N_COMPOSITORS && a.gamepad < PF_N_GAMEPADS);
  FUZZ_CHECK (pf_msg_hello_encode (&a, first, PF_MSG_HELLO_MAX, &n) == 0);
  FUZZ_CHECK (pf_msg_hello_decode (first, n, &b) == 0);
  ret = pf_msg_hello_encode (&b, second, PF_MSG_HELLO_MAX, &m);
  check_same (ret, n, m);
}

static void
welcome (const uint8_t *bytes, size_t size, bool extensions)
{
  PfMsgWelcome a, b;
  PfMsgKeys k, l;
  size_t n, m;
  int ret;

  if (pf_msg_welcome_decode (bytes, size, extensions, &a, &k) < 0)
    return;
  FUZZ_CHECK (extensions || !a.extension.data);
  FUZZ_CHECK (pf_msg_welcome_encode (
                  &a, &k, a.later, first, PF_MSG_WELCOME_MAX, &n) == 0);
  FUZZ_CHECK (a.later ? n >= 68 : n == PF_MSG_WELCOME_SHORT);
  FUZZ_CHECK (n <= 68 || first[68] <= PF_CIPHER_CHACHA20_POLY1305);
  FUZZ_CHECK (pf_msg_welcome_decode (first, n, extensions, &b, &l) == 0);
  FUZZ_CHECK (memcmp (&k, &l, sizeof k) == 0);
  ret = pf_msg_welcome_encode (&b, &l, b.later, second, PF_MSG_WELCOME_MAX, &m);
  check_same (ret, n, m);
}

static void
start (const uint8_t *bytes, size_t size, bool extensions)
{
  PfMsgStart a, b;
  size_t n, m;
  int ret;

  if (pf_msg_start_decode (bytes, size, extensions, &a) < 0)
    return;
  FUZZ_CHECK (pf_msg_start_encode (&a, first, PF_MSG_START_MAX, &n) == 0);
  FUZZ_CHECK (pf_msg_start_decode (first, n, extensions, &b) == 0);
  ret = pf_msg_start_encode (&b, second, PF_MSG_START_MAX, &m);
  check_same (ret, n, m);
}

static void
control (const uint8_t *bytes, size_t size)
{
  PfMsgControl a, b;
  size_t n, m;
  int ret;

  if (pf_msg_control_decode (bytes, size, &a) < 0)
    return;
  FUZZ_CHECK (pf_msg_control_name (a.type) != NULL);
  FUZZ_CHECK (pf_msg_control_encode (&a, first, ROOM, &n) == 0);
  FUZZ_CHECK (n <= size);
  FUZZ_CHECK (pf_msg_control_decode (first, n, &b) == 0);
  FUZZ_CHECK (a.tail == b.tail);
  ret = pf_msg_control_encode (&b, second, ROOM, &m);
  check_same (ret, n, m);
}

static void
datagram (const uint8_t *bytes, size_t size)
{
  PfMsgDatagram a, b;
  PfMsgPadState pad;
  PfMsgInput input;
  size_t n, m;
  int ret;

  if (pf_msg_datagram_decode (bytes, size, &a) < 0)
    return;
  FUZZ_CHECK (
      pf_msg_datagram_from_client (a.tag) != pf_msg_datagram_from_host (a.tag));
  FUZZ_CHECK (pf_msg_datagram_encode (&a, first, ROOM, &n) == 0);
  FUZZ_CHECK (n <= size);
  FUZZ_CHECK (pf_msg_datagram_decode (first, n, &b) == 0);
  ret = pf_msg_datagram_encode (&b, second, ROOM, &m);
  check_same (ret, n, m);
  if (a.tag != PF_DGRAM_INPUT || pf_msg_input_check (&a.input) < 0)
    return;
  FUZZ_CHECK (a.input.kind < PF_MSG_N_INPUT_KINDS);
  FUZZ_CHECK (pf_msg_input_grant (&a.input) != 0);
  if (a.input.kind != PF_MSG_INPUT_PAD_STATE)
    return;
  pf_msg_input_to_pad_state (&a.input, &pad);
  pf_msg_input_from_pad_state (&pad, &input);
  FUZZ_CHECK (pad.pad < PF_PADS_MAX && input.x == a.input.x &&
              input.y == a.input.y && input.flags == a.input.flags);
}

/* A stream: once whole and once in pieces of the size that its first byte
 * says, with the same messages. */
static void
frames (const uint8_t *bytes, size_t size)
{
  const size_t piece = size > 0 ? (size_t) bytes[0] + 1 : 1;
  uint8_t whole[600], cut[600];
  PfMsgReader a, b;
  size_t at = 0, used;
  PfMsgSpan m, n;

  pf_msg_reader_init (&a, whole, sizeof whole);
  pf_msg_reader_init (&b, cut, sizeof cut);
  while (at < size) {
    const size_t from = at;
    const int ret = pf_msg_reader_take (&a, bytes + at, size - at, &used, &m);
    int other = 0;

    FUZZ_CHECK (used > 0 && used <= size - at);
    at += used;
    for (size_t i = from; i < at && other == 0; i += used) {
      const size_t left = at - i;

      other = pf_msg_reader_take (
          &b, bytes + i, left < piece ? left : piece, &used, &n);
      FUZZ_CHECK (other == 0 || i + used == at);
    }
    FUZZ_CHECK (ret == other);
    FUZZ_CHECK (ret != 0 || at == size);
    if (ret == 1)
      FUZZ_CHECK (m.size == n.size && m.size <= sizeof whole &&
                  memcmp (m.data, n.data, m.size) == 0);
  }
  FUZZ_CHECK (pf_msg_reader_is_partial (&a) == pf_msg_reader_is_partial (&b));
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t n_bytes)
{
  const uint8_t *rest = bytes + 1;
  const size_t n = n_bytes > 0 ? n_bytes - 1 : 0;

  if (n_bytes == 0)
    return 0;
  switch (bytes[0] % 8) {
  case 0:
    hello (rest, n);
    break;
  case 1:
    welcome (rest, n, false);
    break;
  case 2:
    welcome (rest, n, true);
    break;
  case 3:
    start (rest, n, false);
    break;
  case 4:
    start (rest, n, true);
    break;
  case 5:
    control (rest, n);
    break;
  case 6:
    datagram (rest, n);
    break;
  default:
    frames (rest, n);
    break;
  }
  return 0;
}
