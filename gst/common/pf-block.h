/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PfBlockMeta: a buffer that holds many packets as rows of one slab memory.
 *
 * Row i has its bytes at i * stride + offset, size of them; the room around
 * them belongs to it, so that sealing in place moves offset and size only.
 * The packets of a frame come in one or more such buffers, in the order they
 * are to be sent.
 *
 * A peer that takes blocks says so in its answer to the ALLOCATION query, by
 * adding the meta's API; the room it wants around each packet stands in the
 * query's allocation parameters, prefix and padding. Without that answer
 * packets travel one a buffer, in lists.
 */
#ifndef PF_BLOCK_H
#define PF_BLOCK_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  PF_BLOCK_DATA = 1 << 0,
  PF_BLOCK_PARITY = 1 << 1,
  PF_BLOCK_FILLER = 1 << 2, /* of a speed test, with one of the others */
  PF_BLOCK_KEY = 1 << 3,    /* of a key frame, the same */
  PF_BLOCK_ANCHOR = 1 << 4, /* of a frame that does without lost ones */
} PfBlockPart;

typedef struct {
  GstMeta meta;
  guint n;      /* rows */
  gsize stride; /* between rows */
  gsize offset; /* of the bytes in a row */
  gsize size;   /* bytes of every packet */
  guint part;   /* PfBlockPart */
  guint32 frame;
  guint32 position;      /* of the first row among the packets of the frame */
  guint32 n_packets;     /* of the whole frame */
  GstClockTime deadline; /* running time by which it should have left */
} PfBlockMeta;

GType pf_block_meta_api_get_type (void);
#define PF_BLOCK_META_API_TYPE (pf_block_meta_api_get_type ())

const GstMetaInfo *pf_block_meta_get_info (void);

/* Flags that are about what came before a buffer: only the first of those that
 * one becomes has them. */
#define PF_BLOCK_BREAKS (GST_BUFFER_FLAG_DISCONT | GST_BUFFER_FLAG_RESYNC)

#define pf_buffer_get_block_meta(buffer)                                       \
  ((PfBlockMeta *) gst_buffer_get_meta ((buffer), PF_BLOCK_META_API_TYPE))

/* A buffer around slab memory that holds rows; takes over the memory. */
GstBuffer *pf_block_new (
    GstMemory *memory, guint n, gsize stride, gsize offset, gsize size);

/* What the peer of a source pad wants. */
typedef struct {
  gboolean blocks;
  gsize prefix;  /* room before a packet */
  gsize padding; /* and behind it */
} PfBlockWish;

/* Asks the peer of pad, whose caps are caps. */
PfBlockWish pf_block_ask (GstPad *pad, GstCaps *caps);

/* Answers an ALLOCATION query with such a wish. */
void pf_block_answer (GstQuery *query, const PfBlockWish *wish);

/* The packets of a block one a buffer, without a copy: the rows stay where
 * they are, with the room around them, and can be written. Takes over block. */
GstBufferList *pf_block_split (GstBuffer *block);

G_END_DECLS

#endif /* PF_BLOCK_H */
