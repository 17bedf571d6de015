/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where access units leave the reassembler, looked for downstream of packets:
 * packets are sealed and tell nothing of key frames.
 *
 * Thread-safety: any thread.
 */
#ifndef PF_QUIC_UNITS_H
#define PF_QUIC_UNITS_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef void (*PfQuicUnitsKey) (gpointer user);

typedef struct {
  GMutex lock;
  GstPad *pad; /* NULL: not found yet */
  gulong probe;
} PfQuicUnits;

void pf_quic_units_init (PfQuicUnits *units);
void pf_quic_units_clear (PfQuicUnits *units);

/* Has key() told of key frames and anchors that come out behind this pad, from the thread
 * that pushes them; does nothing once it was found. The object stays as long as
 * it may be called. */
void pf_quic_units_watch (
    PfQuicUnits *units, GstPad *packets, GObject *object, PfQuicUnitsKey key);
void pf_quic_units_forget (PfQuicUnits *units);

G_END_DECLS

#endif /* PF_QUIC_UNITS_H */
