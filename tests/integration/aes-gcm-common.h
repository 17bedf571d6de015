/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of pfaesgcm share: running lines, packets, a key file. */
#ifndef AES_GCM_COMMON_H
#define AES_GCM_COMMON_H

#include <gst/check/gstharness.h>

#include "pf-aead.h"
#include "pf-block.h"
#include "pf-slab.h"
#include "pf-test.h"

enum { PAYLOAD = 1000 };

extern gchar *dir;      /* of this run's files */
extern gchar *file;     /* a key file in it */
extern gchar *log_file; /* of GStreamer */

/* Before and after all tests; GStreamer is started. */
void common_init (void);
void common_end (void);

gchar *caps_for (const gchar *media, const gchar *wire, const gchar *sealed);

/* A running line of elements; media is what comes in, sealed what it is and
 * what it becomes. */
GstHarness *harness (const gchar *line, const gchar *media, const gchar *wire,
    const gchar *sealed_in, const gchar *sealed_out);

/* The sink behind takes blocks from now on, and wants room. */
void take_blocks (GstHarness *h);

GstHarness *sealer (const gchar *media, const gchar *wire);

GstHarness *opener (const gchar *media, const gchar *wire);

guint64 counter_of (GstHarness *h, const gchar *element, const gchar *name);

/* n random packets as rows of a block, with room around them. */
GstBuffer *block_new (
    PfSlabPool *pool, const PfWire *wire, guint n, gsize before, gsize after);

GPtrArray *packets_new (void);

GPtrArray *packets_of (GstBuffer *b);

/* All that the harness has now. */
GPtrArray *collect (GstHarness *h);

/* Both hold the same packets. Takes over b. */
void check_packets (const GPtrArray *a, GPtrArray *b);

GstBuffer *buffer_of (GBytes *packet);

GstBufferList *list_of (const GPtrArray *packets);

GstFlowReturn push_list (GstHarness *h, GstBufferList *list);

/* Sealed packets of one sealer, as they would go over the wire. */
GPtrArray *sealed_packets (const gchar *wire_name, guint n, GPtrArray **plain);

GstBus *own_bus (GstElement *e);

/* There is exactly one error, of this kind, that says this. */
void expect_error (GstBus *bus, GQuark domain, gint code, const gchar *text);

/* The key and salt in a key file of AES-128-GCM. */
void read_key (guint8 key[16], guint8 salt[4]);

/* Settings of an element. */
gchar *setting (const gchar *mode, const gchar *path);

/* The packets of a buffer, as GBytes, into an array. */
void append_packets (GPtrArray *to, GstBuffer *b);

#endif /* AES_GCM_COMMON_H */
