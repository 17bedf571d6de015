/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How long a frame takes from stage to stage, and whether all frames of the
 * test picture came: fed from pad probes, reported as JSON.
 *
 * Thread-safety: one lock inside; every function in any thread.
 */
#ifndef PF_CLIENT_MEASURE_H
#define PF_CLIENT_MEASURE_H

#include <gst/gst.h>
#include <json-glib/json-glib.h>

/* In order of a frame's life. */
typedef enum {
  PF_STAGE_CAPTURED,     /* by the host's clock, turned into ours */
  PF_STAGE_ENCODED,      /* the same; as the host tells */
  PF_STAGE_FIRST_PACKET, /* arrived */
  PF_STAGE_LAST_PACKET,  /* that was needed */
  PF_STAGE_REASSEMBLED,
  PF_STAGE_DECODED,
  PF_STAGE_PRESENTED,
  PF_N_STAGES,
} PfMeasureStage;

typedef struct _PfMeasure PfMeasure;

PfMeasure *pf_measure_new (void);
void pf_measure_free (PfMeasure *measure);

/* Host's clock minus ours, ns. */
void pf_measure_set_offset (PfMeasure *measure, gint64 offset_ns);

/* A frame that left the reassembler: Unix times in ns, 0 if not known. */
typedef struct {
  GstClockTime pts;
  guint64 captured;    /* by the host's clock */
  guint64 first, last; /* packet, by ours */
  guint64 now;
  gsize bytes;
} PfArrival;

void pf_measure_frame (PfMeasure *measure, const PfArrival *arrival);

/* So long after it was captured, at that time by the host's clock, the frame
 * had left the encoder. May come before the frame or after it. */
void pf_measure_encoded (
    PfMeasure *measure, guint64 captured, guint64 after_ns);

/* It passed a later stage. */
void pf_measure_stage (
    PfMeasure *measure, GstClockTime pts, PfMeasureStage stage, guint64 now_ns);

/* A decoded picture of this size: how long changes take is reported. */
void pf_measure_size (
    PfMeasure *measure, guint width, guint height, guint64 now_ns);

/* The number that was read out of a decoded test picture. */
void pf_measure_number (PfMeasure *measure, guint32 number);
/* A picture without a readable number. */
void pf_measure_no_number (PfMeasure *measure);

typedef struct {
  guint64 frames, bytes; /* reassembled */
  guint64 presented;
  guint64 verified;   /* numbers that followed the one before */
  guint64 missing;    /* numbers that were left out */
  guint64 unreadable; /* pictures without a number */
  guint64 backwards;  /* numbers that came twice or went back */
} PfCounts;

/* When the first frame was presented, by the monotonic clock; 0: not yet. */
gint64 pf_measure_first_us (PfMeasure *measure);

void pf_measure_counts (PfMeasure *measure, PfCounts *counts);

/* The median of the last second or so since capture, in microseconds; 0: not
 * known. */
gint pf_measure_recent_us (PfMeasure *measure, PfMeasureStage stage);

/* Members: counts, bitrate, and per stage the time since capture and since the
 * stage before in microseconds, as p50, p95, p99. Only of the last interval, in
 * which the newest frames are still on their way; WHOLE: of all. */
void pf_measure_report (
    PfMeasure *measure, JsonBuilder *builder, gboolean whole);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PfMeasure, pf_measure_free)

#endif /* PF_CLIENT_MEASURE_H */
