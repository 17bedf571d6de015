/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What bench-path measures: a case is one piece of the packet path, done by
 * our elements and, in turn with them, by others that do the same bytes.
 */
#ifndef BENCH_PATH_H
#define BENCH_PATH_H

#include <gst/gst.h>

#include "bench-common.h"

enum { PATH_MAX_CONTENDERS = 6, PATH_NAME_SIZE = 48, PATH_PERCENT = 25 };

/* Payload of a packet, and what it is between our elements and sealed. */
enum { PATH_PAYLOAD = 1408 };

typedef enum {
  PATH_SEAL,    /* packets of a block */
  PATH_OPEN,    /* the same the other way round */
  PATH_CUT,     /* a frame to packets, with parity */
  PATH_JOIN,    /* packets to a frame */
  PATH_SEND,    /* packets to the kernel */
  PATH_RECEIVE, /* and from it */
  PATH_WHOLE,   /* a frame from one end to the other */
  PATH_RATE,    /* frames at a rate, for some seconds */
  PATH_MEMORY,  /* allocations and copies of the whole */
} PathOp;

/* Ours must not be above factor times the other's plus so much. */
typedef struct {
  const char *against; /* name of a contender; NULL: no target */
  double factor;
  double plus; /* ns */
} PathTarget;

typedef struct {
  PathOp op;
  const char *wire;
  unsigned n;   /* packets; PATH_RATE: Gbit/s of payload */
  size_t bytes; /* of a frame */
  PathTarget target;
} PathCase;

extern const PathCase path_cases[];
extern const size_t path_n_cases;

/* For instance "whole-punktfunk1-1024" (KiB) or "seal-gamestream-150". */
void path_case_name (const PathCase *c, char name[PATH_NAME_SIZE]);

/* Whether times are of a packet, not of a frame. */
gboolean path_per_packet (const PathCase *c);

/* One unit of work: a block, or a frame. */
typedef struct {
  double wall, cpu; /* ns; cpu of the thread that is timed */
  double far_cpu;   /* of the receiving thread; 0: there is none */
  double first;     /* ns until the kernel had the first packet; or 0 */
} PathSample;

typedef enum {
  PATH_OK,
  PATH_LOST,  /* UDP may lose packets; the sample is void */
  PATH_WRONG, /* other bytes, or an error */
} PathStatus;

/* What a contender did in all. */
typedef struct {
  double wire_bytes; /* in packets, of a unit */
  double payload_bytes;
  guint64 copies;
  guint64 allocations; /* of slabs */
} PathFacts;

typedef struct {
  const char *name;
  /* NULL: not on this machine. */
  gpointer (*create) (const PathCase *c);
  PathStatus (*once) (gpointer data, PathSample *sample);
  void (*destroy) (gpointer data, PathFacts *facts);
} PathContender;

/* Ours is the first. Their number. */
guint path_contenders (const PathCase *c, const PathContender **contenders);

extern const PathContender path_seal[], path_open[];
extern const guint path_n_seal, path_n_open;
extern const PathContender path_cut[], path_join[];
extern const guint path_n_cut, path_n_join;
extern const PathContender path_send[], path_receive[];
extern const guint path_n_send, path_n_receive;
extern const PathContender path_whole[];
extern const guint path_n_whole;

/* ---- Running ------------------------------------------------------------ */

typedef struct {
  int runs;
  double min_ns;   /* for each contender in each alternation */
  double rate_s;   /* seconds of a PATH_RATE run */
  gboolean verify; /* a few units, no times */
} PathSetup;

typedef struct {
  gboolean here; /* this machine has it */
  PathStatus status;
  guint64 units, lost;
  double run[BENCH_MAX_RUNS];       /* its median, of a packet or a frame, ns */
  double p50, p99;                  /* of all units of all runs */
  double wall, cpu, far_cpu, first; /* medians */
  PathFacts facts;
} PathResult;

void path_run (const PathSetup *setup, const PathCase *c, PathResult *results);

/* One run of PATH_RATE. */
typedef struct {
  gboolean ok;
  double gbits;                                /* reached, of payload */
  guint64 packets, unsent, overflows, missing; /* missing: none knows where */
  guint64 frames, frames_lost, frames_late;    /* late: behind their time */
  double send_busy, receive_busy;              /* parts of one core */
} PathRate;

void path_rate_run (const PathSetup *setup, const PathCase *c, PathRate *rate);

/* PATH_MEMORY; counts malloc() of whole frames, so G_SLICE=always-malloc. */
typedef struct {
  gboolean ok;
  double send, receive;               /* allocations a frame */
  double packets;                     /* a frame */
  double send_blocks, receive_blocks; /* buffers of packets a frame */
  double copies;                      /* of the payload on the sender's side */
} PathMemory;

void path_memory_run (const PathCase *c, PathMemory *memory);

/* ---- Printing ----------------------------------------------------------- */

typedef struct {
  gboolean json;
  PathSetup setup;
  double load; /* when it began */
  int n_cases, n_missed, n_wrong;
} PathPrinter;

void path_print_begin (const PathPrinter *p);
void path_print_case (
    PathPrinter *p, const PathCase *c, const PathResult *results);
void path_print_rate (PathPrinter *p, const PathCase *c, const PathRate *rates);
void path_print_memory (
    PathPrinter *p, const PathCase *c, const PathMemory *memory);
void path_print_end (PathPrinter *p);

#endif /* BENCH_PATH_H */
