/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * All messages of punktfunk/1.
 *
 *   pf-msg-types.h      numbers and types that several of them share
 *   pf-msg-handshake.h  Hello, Welcome, Start, extension blocks
 *   pf-msg-frame.h      the control stream: a length before each message
 *   pf-msg-control.h    typed messages on it, pairing among them
 *   pf-msg-datagram.h   QUIC datagrams: audio, rumble, HID, pen, timing
 *   pf-msg-input.h      what the numbers of an input event mean
 *
 * Encoders are given memory and say how much of it they used; nothing is
 * allocated. Decoders copy numbers and short texts; a PfMsgSpan of a decoded
 * message points into the bytes that were decoded. Numbers on the wire are
 * little-endian. What a peer may leave out has its default afterwards.
 *
 * Thread-safety: all of these are pure functions.
 */
#ifndef PF_MSG_H
#define PF_MSG_H

#include "pf-msg-control.h"
#include "pf-msg-datagram.h"
#include "pf-msg-frame.h"
#include "pf-msg-handshake.h"
#include "pf-msg-input.h"
#include "pf-msg-types.h"

#endif /* PF_MSG_H */
