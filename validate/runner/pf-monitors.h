/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Watches the data that flows through every pad of a pipeline and reports
 * what breaks the rules:
 *
 *   buffer::before-segment         also after a flush
 *   buffer::after-eos
 *   pf::buffer-before-caps         where the pad's template wants caps
 *   pf::caps-after-buffer          where it does not
 *   pf::timestamp-backwards        decoding time, else presentation time
 *   pf::eos-twice
 *   pf::buffer-after-flush-start
 *   pf::latency-unanswered
 *
 * One object at a time. Thread-safety: made, asked and freed in one thread;
 * the pads may be used in any.
 */
#ifndef PF_MONITORS_H
#define PF_MONITORS_H

#include "pf-issues.h"

typedef struct _PfMonitors PfMonitors;

/* The pipeline is in NULL; elements and pads may come later. Both arguments
 * must outlive the object. */
PfMonitors *pf_monitors_new (GstBin *pipeline, PfIssues *issues);

/* The pipeline is in NULL again. */
void pf_monitors_free (PfMonitors *self);

/* The pads' streams are over, without EOS or flush. */
void pf_monitors_reset (PfMonitors *self);

/* Asks at every sink; the pipeline is PLAYING. */
void pf_monitors_check_latency (PfMonitors *self);

#endif /* PF_MONITORS_H */
