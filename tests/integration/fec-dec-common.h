/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of pffecdec share: a sender's frames, a receiver. */
#ifndef FEC_DEC_COMMON_H
#define FEC_DEC_COMMON_H

#include <gst/check/gstharness.h>
#include <gst/check/gsttestclock.h>

#include "../unit/wire-packets.h"
#include "pf-block.h"
#include "pf-slab.h"
#include "pf-test.h"

#define H264 "video/x-h264,stream-format=byte-stream,alignment=au"
#define PACKETS "application/x-pf-packet,wire=punktfunk1,fec=gf16,sealed=false"
#define BLOCKS "application/x-pf-block,wire=punktfunk1,fec=gf16,sealed=false"

enum { HEADER = 40, PAYLOAD = 256, FRAMES = 60, DEADLINE_MS = 50 };

#define SETTINGS "shard-payload=256 deadline-us=50000 overtake-us=0"

typedef struct {
  PfWireSender wire;
  guint percent;
  GstClockTime interval; /* of the stamps */
} Sender;

typedef struct {
  guint8 *unit;
  WirePackets made;
  gboolean key;
  guint64 pts_ns;
  GstClockTime pts;
} Frame;

void sender_init (Sender *s, guint max_block, guint percent);

Frame frame_new (Sender *s, gsize size);

void frame_clear (Frame *f);

GstBuffer *packet_new (const Frame *f, guint i);

/* Does FEC bring the frame back without these packets? */
gboolean restorable (const Frame *f, const guint8 *lost);

GstHarness *harness (const gchar *settings, const gchar *caps);

guint64 counter (GstHarness *h, const gchar *name);

guint64 stats_field (GstHarness *h, const gchar *name);

/* The next buffer is this frame. */
void expect_frame (GstHarness *h, const Frame *f, gboolean discont);

void push (GstHarness *h, const Frame *f, guint i);

void push_all (GstHarness *h, const Frame *f);

/* Lets the time come, and all waits that end until then. Once packets came,
 * the timer always waits for something. */
void advance_to (GstHarness *h, GstClockTime t);

/* The next event of this name that went upstream, or NULL. */
GstEvent *upstream_event (GstHarness *h, const gchar *name);

guint field (GstEvent *event, const gchar *name);

guint count_gaps (GstHarness *h);

/* Rows of a slab, with room around them. */
GstBuffer *block_new (PfSlabPool *pool, const Frame *f, guint first, guint n);

GError *pop_error (GstBus *bus);

#endif /* FEC_DEC_COMMON_H */
