/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Priority of threads that do little and must do it in time, such as a pacer.
 * Threads that decode or push to others are not of that kind.
 */
#ifndef PF_THREAD_H
#define PF_THREAD_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum {
  PF_THREAD_PLAIN,    /* nothing more is allowed */
  PF_THREAD_NICE,     /* before ordinary threads */
  PF_THREAD_REALTIME, /* SCHED_RR, the lowest priority */
} PfThreadPriority;

/* Gives the calling thread what the system allows (RLIMIT_RTPRIO, RLIMIT_NICE,
 * CAP_SYS_NICE); says once in the log what that is. */
PfThreadPriority pf_thread_raise (void);

G_END_DECLS

#endif /* PF_THREAD_H */
