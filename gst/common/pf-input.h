/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Input between the wire, which has Windows' numbers for keys, and events,
 * which have those of Linux (evdev).
 *
 * Thread-safety: pure functions.
 */
#ifndef PF_INPUT_H
#define PF_INPUT_H

#include "pf-events.h"
#include "pf-msg-input.h"

G_BEGIN_DECLS

/* FALSE: nothing that an event can say; gamepads among it. */
gboolean pf_input_from_message (const PfMsgInput *msg, PfInput *input);

/* FALSE: nothing that a message can say. width, height: of the surface that
 * absolute positions are of. */
gboolean pf_input_to_message (
    const PfInput *input, guint width, guint height, PfMsgInput *msg);

/* 0: there is no such key. */
guint pf_input_key_to_evdev (guint windows);
guint pf_input_key_from_evdev (guint evdev);

G_END_DECLS

#endif /* PF_INPUT_H */
