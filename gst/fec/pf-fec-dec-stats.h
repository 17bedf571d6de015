/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What pffecdec counts, and how it shows it: the structure
 * application/x-pf-fecdec-stats. All fields are uint64, but for loss-ppm
 * and window (uint) and kernel (string).
 *
 * Of packets: packets (all, and the next ten add up to it), packets-taken,
 * packets-filler, dropped-invalid (no such packet), dropped-range (outside
 * what was agreed on), dropped-conflict (against the packets before it),
 * duplicates, not-needed (the block was whole), dropped-late (the frame was
 * given up), dropped-far (a frame number far off), dropped-budget (no memory
 * left); dropped (the six that begin so, and unreadable), unreadable (buffers
 * that hold no packet), pending (dropped, there was no session).
 *
 * Of speed tests: filler-packets and filler-bytes (of packets, unsealed; all
 * tests), filler-us (of the last: from its first packet to its last).
 *
 * Of frames: frames (handed out), frames-restored (of these, with the help of
 * parity), frames-lost, frames-evicted and frames-broken (of these, to stay
 * within memory-budget, and not decodable), bytes (of access units), jumps (of
 * the frame number), shards-restored, shards-late (of these, arrived
 * afterwards).
 *
 * copies (frames and packets copied once more than needed), gathered-bytes
 * (copied to join the blocks of a frame), memory and memory-peak (bytes),
 * reports (sent upstream), loss-ppm (of the last), window (frames that wait at
 * most), kernel (of the erasure code).
 */
#ifndef PF_FEC_DEC_STATS_H
#define PF_FEC_DEC_STATS_H

#include <gst/gst.h>

#include "pf-reassembler.h"

G_BEGIN_DECLS

/* What the reassembler does not count itself. */
typedef struct {
  guint64 bytes;      /* of frames */
  guint64 unreadable; /* buffers that hold no packets */
  guint64 pending;    /* packets without a session */
  guint64 copies;
  guint64 reports;
  guint loss_ppm;
} PfFecDecCounters;

/* Adds to all what one more reassembler counted; its memory is that of now. */
void pf_fec_dec_stats_add (
    PfReassemblerStats *all, const PfReassemblerStats *stats);

/* Packets that were not as they should be; those that came twice or were not
 * needed are not among them. */
guint64 pf_fec_dec_stats_dropped (
    const PfReassemblerStats *stats, const PfFecDecCounters *counters);

GstStructure *pf_fec_dec_stats_structure (
    const PfReassemblerStats *stats, const PfFecDecCounters *counters);

G_END_DECLS

#endif /* PF_FEC_DEC_STATS_H */
