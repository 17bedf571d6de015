/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Gamepads in messages of elements (PfGamepad, PfGamepadFeedback; see
 * docs/events.md) and on the wire.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_PADS_H
#define PF_PADS_H

#include <gst/gst.h>

#include "pf-events.h"
#include "pf-msg-input.h"

G_BEGIN_DECLS

#define PF_GAMEPAD "PfGamepad"
#define PF_GAMEPAD_FEEDBACK "PfGamepadFeedback"

/* NULL: it is not of a gamepad. */
GstStructure *pf_pads_from_input (const PfMsgInput *input);
GstStructure *pf_pads_from_rich (const PfMsgRich *rich);

/* A sample of a pen; FALSE: it says nothing. */
gboolean pf_pads_pen (const PfMsgPenSample *sample, PfInput *input);

/* NULL: it is no feedback. */
GstStructure *pf_pads_from_feedback (const PfMsgDatagram *datagram);

/* FALSE: it is none that the wire has. Spans point into the structure. */
gboolean pf_pads_to_feedback (
    const GstStructure *feedback, PfMsgDatagram *datagram);

G_END_DECLS

#endif /* PF_PADS_H */
