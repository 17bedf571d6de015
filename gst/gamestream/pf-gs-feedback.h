/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfGamepadFeedback (docs/events.md) as GameStream says it.
 *
 * Thread-safety: pure functions.
 */
#ifndef PF_GS_FEEDBACK_H
#define PF_GS_FEEDBACK_H

#include <gst/gst.h>

#include "pf-gs-msg.h"

G_BEGIN_DECLS

#define PF_GS_FEEDBACK_MAX 2

/* How many messages it becomes; 0: none that a client knows. */
guint pf_gs_feedback_read (
    const GstStructure *feedback, PfGsMsg messages[PF_GS_FEEDBACK_MAX]);

G_END_DECLS

#endif /* PF_GS_FEEDBACK_H */
