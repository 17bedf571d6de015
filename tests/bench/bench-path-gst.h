/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Elements between two pads of bench-path's own, clocks, and plain sockets. */
#ifndef BENCH_PATH_GST_H
#define BENCH_PATH_GST_H

#include <gst/gst.h>
#include <sys/uio.h>

#include "pf-block.h"
#include "pf-slab.h"

/* ---- Elements ----------------------------------------------------------- */

#define PATH_MEDIA                                                             \
  "video/x-h264,stream-format=(string)byte-stream,alignment=(string)au"

/* Takes over the buffer; in the streaming thread. */
typedef void (*PathTake) (gpointer data, GstBuffer *buffer);

typedef struct {
  GstElement *pipeline, *bin;
  GstPad *in, *out; /* NULL where the line begins or ends in a socket */
  PathTake take;
  gpointer data;
  PfBlockWish wish; /* of out */
} PathChain;

/* A line of elements, which plays. caps: of what is pushed into it, NULL if
 * it has its own source. NULL, with a line on stderr, if it cannot be had. */
PathChain *path_chain_new (
    const gchar *line, const gchar *caps, PathTake take, gpointer data);
void path_chain_free (PathChain *chain);

guint64 path_chain_stat (
    PathChain *chain, const gchar *element, const gchar *name);

/* "wire=punktfunk1,fec=gf16,sealed=true" */
gchar *path_fields (const gchar *wire, gboolean sealed);

/* The same as settings of pffecenc. */
gchar *path_enc_settings (const gchar *wire, guint percent);

/* A name for a key file of its own; path_key_free() removes the file. */
gchar *path_key_new (void);
void path_key_free (gchar *path);

/* One block with the packets of several, which are let go. NULL if there are
 * none. */
GstBuffer *path_gather (PfSlabPool *pool, GPtrArray *blocks);

/* A buffer around bytes that stay. */
GstBuffer *path_frame (gconstpointer bytes, gsize size, GstClockTime pts);

/* Noise that stays. */
guint8 *path_noise (gsize size);

/* ---- Time --------------------------------------------------------------- */

double path_now (void); /* ns */
double path_cpu (void); /* ns of the calling thread */

/* Keeps the calling thread on core n, if it may run there and pinning is
 * wanted: on a busy machine a woken receiver else shares the sender's. The
 * first call is the main thread's. */
void path_pin (int n);
extern gboolean path_pins;

/* ---- Sockets ------------------------------------------------------------ */

/* A plain UDP socket at 127.0.0.1, with a large buffer; its port. -1: none. */
int path_socket (gboolean gro, guint *port);

/* Connects it. */
gboolean path_connect (int fd, guint port);

/* All packets with segmentation, or one a message. */
gboolean path_send_gso (int fd, const struct iovec *packets, guint n);
gboolean path_send_batch (int fd, const struct iovec *packets, guint n);

/* Receives up to n packets of one size, one behind another; waits for the
 * first so many ms. How many came. */
guint path_receive_gro (
    int fd, guint8 *to, gsize room, gsize size, int wait_ms);
guint path_receive_batch (int fd, guint8 *to, gsize size, guint n, int wait_ms);

#endif /* BENCH_PATH_GST_H */
