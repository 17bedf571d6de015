/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What elements wish of one another, as custom events: facts flow down, wishes
 * flow up. Each has a C structure, a maker and a reader; the reader returns
 * FALSE for any other event and for one whose fields are not as documented,
 * and then leaves its structure alone. See docs/events.md.
 *
 * Frame numbers wrap at 2^32. Display numbers begin at 0.
 *
 * Thread-safety: none of it has state.
 */
#ifndef PF_EVENTS_H
#define PF_EVENTS_H

#include <gst/gst.h>

G_BEGIN_DECLS

#define PF_EVENT_PARAMS_CHANGED "PfParamsChanged"
#define PF_EVENT_INVALIDATE_FRAMES "PfInvalidateFrames"
#define PF_EVENT_FRAME_LOST "PfFrameLost"
#define PF_EVENT_LOSS_REPORT "PfLossReport"
#define PF_EVENT_PROBE "PfProbe"
#define PF_EVENT_PROBE_DONE "PfProbeDone"
#define PF_EVENT_WATCHED "PfWatched"
#define PF_EVENT_MODE "PfMode"
#define PF_EVENT_INPUT "PfInput"
#define PF_EVENT_CURSOR "PfCursor"
#define PF_EVENT_HOST_TIMING "PfHostTiming"

/* ---- The session --------------------------------------------------------- */

/* Away from the endpoint, so upstream on the sending side and in order with
 * the media on the receiving one: ask for PfSessionParams again. */
GstEvent *pf_event_new_params_changed (gboolean upstream);
gboolean pf_event_is_params_changed (GstEvent *event);

/* ---- Frames and packets, upstream ---------------------------------------- */

typedef struct {
  guint first, last;
} PfFrames;

/* The client has none of these: refer past them. */
GstEvent *pf_event_new_invalidate_frames (const PfFrames *frames);
gboolean pf_event_parse_invalidate_frames (GstEvent *event, PfFrames *frames);

/* These will not be handed out. */
GstEvent *pf_event_new_frame_lost (const PfFrames *frames);
gboolean pf_event_parse_frame_lost (GstEvent *event, PfFrames *frames);

/* Only ppm is always there; the totals are 0 where only the wire knows. */
typedef struct {
  guint ppm; /* of the packets needed: lost; up to a million */
  guint64 packets, restored, late;
  guint64 frames, frames_lost;
} PfLossReport;

GstEvent *pf_event_new_loss_report (const PfLossReport *report);
gboolean pf_event_parse_loss_report (GstEvent *event, PfLossReport *report);

/* An access unit that decoding can go on with though frames before it are
 * missing: the first one of an encoder that was told to do without them. */
void pf_buffer_set_anchor (GstBuffer *buffer);
gboolean pf_buffer_is_anchor (GstBuffer *buffer);

/* ---- Speed test ---------------------------------------------------------- */

/* Upstream: send filler at this rate for so long. */
typedef struct {
  guint kbps, ms;
} PfProbe;

GstEvent *pf_event_new_probe (const PfProbe *probe);
gboolean pf_event_parse_probe (GstEvent *event, PfProbe *probe);

/* Downstream, in order, behind the last filler. */
typedef struct {
  guint64 bytes; /* of filler access units */
  guint units;   /* access units */
  guint ms;      /* it took */
  guint packets; /* of these, parity too */
  guint dropped; /* packets that downstream refused */
} PfProbeDone;

GstEvent *pf_event_new_probe_done (const PfProbeDone *done);
gboolean pf_event_parse_probe_done (GstEvent *event, PfProbeDone *done);

/* ---- The display, upstream ----------------------------------------------- */

typedef struct {
  guint display;
  guint width, height; /* pixels */
  guint fps;           /* Hz */
} PfMode;

GstEvent *pf_event_new_mode (const PfMode *mode);
gboolean pf_event_parse_mode (GstEvent *event, PfMode *mode);

/* Whether there is anybody: without, no picture needs to be made. */
typedef struct {
  gboolean watched;
} PfWatched;

GstEvent *pf_event_new_watched (const PfWatched *watched);
gboolean pf_event_parse_watched (GstEvent *event, PfWatched *watched);

typedef enum {
  PF_INPUT_KEY,         /* code: evdev key; state */
  PF_INPUT_POINTER_REL, /* x, y: pixels to the right and down */
  PF_INPUT_POINTER_ABS, /* x, y: 0 to 1 of the display */
  PF_INPUT_BUTTON,      /* code: evdev button; state */
  PF_INPUT_SCROLL,      /* x, y: 120ths of a detent to the right and down */
  PF_INPUT_SCROLL_FINE, /* the same, of a surface without detents */
  PF_INPUT_TOUCH,       /* code: finger; state; x, y: 0 to 1 */
  PF_INPUT_PEN,         /* code: PfPenTool; state; x, y, pressure: 0 to 1;
                            tilt_x, tilt_y: degrees */
  PF_INPUT_TEXT,        /* code: a Unicode scalar value */
  PF_INPUT_RELEASE,     /* all keys, buttons and touches are up */
  PF_N_INPUTS,
} PfInputKind;

typedef enum {
  PF_INPUT_UP,
  PF_INPUT_DOWN,
  PF_INPUT_MOVE,   /* of a touch or pen that is down; of a pen that hovers */
  PF_INPUT_CANCEL, /* a touch or pen that meant nothing, or left */
  PF_N_INPUT_STATES,
} PfInputState;

typedef enum { PF_PEN_TIP, PF_PEN_ERASER } PfPenTool;

/* What a kind does not use is 0. */
typedef struct {
  guint display;
  guint kind; /* PfInputKind */
  guint code;
  guint state; /* PfInputState */
  gdouble x, y;
  gdouble pressure, tilt_x, tilt_y;
  guint buttons; /* of the pen: bit 0 the lower, bit 1 the upper */
} PfInput;

GstEvent *pf_event_new_input (const PfInput *input);
gboolean pf_event_parse_input (GstEvent *event, PfInput *input);

/* ---- The pointer, downstream and out of band ----------------------------- */

#define PF_CURSOR_SIZE_MAX 256

typedef struct {
  guint display;
  guint serial; /* of the shape: the same number, the same picture */
  gboolean visible;
  gint x, y;           /* of the hot spot, pixels of the display */
  guint hot_x, hot_y;  /* in the picture */
  guint width, height; /* of the picture; 0: not with this event */
  GstBuffer *picture;  /* RGBA, straight alpha, rows without gaps; or NULL */
} PfCursor;

/* Takes no reference of its own to cursor, but to the picture. */
GstEvent *pf_event_new_cursor (const PfCursor *cursor);

/* The picture belongs to the event. */
gboolean pf_event_parse_cursor (GstEvent *event, PfCursor *cursor);

/* ---- Where a frame's time went, downstream and out of band --------------- */

typedef struct {
  guint64 captured; /* Unix time by the host's clock, ns: which frame */
  gboolean stages;  /* the last three are known */
  guint host_us;    /* from there until its last packet was sent */
  guint queue_us;   /* of these, before the encoder */
  guint encode_us;  /* in it */
  guint pace_us;    /* from the first packet to the last */
} PfHostTiming;

GstEvent *pf_event_new_host_timing (const PfHostTiming *timing);
gboolean pf_event_parse_host_timing (GstEvent *event, PfHostTiming *timing);

G_END_DECLS

#endif /* PF_EVENTS_H */
