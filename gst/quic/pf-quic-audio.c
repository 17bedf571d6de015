/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sound in datagrams; see pf-quic-audio.h. */
#include "pf-quic-audio.h"

#define WAITING_MAX 64              /* packets; then the oldest goes */
#define PACKET_NS (5 * GST_MSECOND) /* of sound in one, as the wire has it */

/* ---- The host ----------------------------------------------------------- */

void
pf_quic_audio_out_reset (PfQuicAudioOut *out, gboolean redundant)
{
  g_clear_pointer (&out->previous, g_bytes_unref);
  out->seq = 0;
  out->redundant = redundant;
}

static PfMsgSpan
span_of (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  return (PfMsgSpan){ data, size };
}

void
pf_quic_audio_out_next (PfQuicAudioOut *out, GBytes *packet, guint64 pts_ns,
    PfMsgDatagram *datagram, GBytes **previous)
{
  *datagram = (PfMsgDatagram){ .tag = out->redundant ? PF_DGRAM_AUDIO_RED
                                                     : PF_DGRAM_AUDIO };
  datagram->audio.seq = out->seq++;
  datagram->audio.pts_ns = pts_ns;
  datagram->audio.data = span_of (packet);
  *previous = out->previous;
  if (*previous)
    datagram->audio.previous = span_of (*previous);
  out->previous = out->redundant ? g_bytes_ref (packet) : NULL;
}

/* ---- The client --------------------------------------------------------- */

/* With its number, as pfopusdec reads it: when a packet came tells nothing of
 * what is missing before it. */
static void
push (PfQuicAudioIn *in, PfMsgSpan data, guint64 pts_ns, guint32 seq,
    gboolean gap)
{
  static GstStaticCaps unix_caps = GST_STATIC_CAPS ("timestamp/x-unix");
  GstBuffer *buffer = gst_buffer_new_memdup (data.data, data.size);
  GstCaps *caps = gst_static_caps_get (&unix_caps);

  gst_buffer_add_reference_timestamp_meta (
      buffer, caps, pts_ns, GST_CLOCK_TIME_NONE);
  gst_caps_unref (caps);
  GST_BUFFER_OFFSET (buffer) = seq;
  GST_BUFFER_OFFSET_END (buffer) = (guint64) seq + 1;
  if (gap)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  g_queue_push_tail (&in->packets, buffer);
  if (in->packets.length > WAITING_MAX) {
    gst_buffer_unref (g_queue_pop_head (&in->packets));
    in->lost++;
  }
}

gboolean
pf_quic_audio_in_take (PfQuicAudioIn *in, const PfMsgAudio *audio)
{
  guint32 ahead = audio->seq - in->next;

  if (audio->data.size == 0 || (in->any && (gint32) ahead < 0))
    return FALSE;
  if (in->any && ahead > 0 && audio->previous.size > 0) {
    ahead--;
    push (in, audio->previous, audio->pts_ns - PACKET_NS, audio->seq - 1,
        ahead > 0);
    in->restored++;
    in->lost += ahead;
    ahead = 0;
  }
  if (in->any)
    in->lost += ahead;
  push (in, audio->data, audio->pts_ns, audio->seq, !in->any || ahead > 0);
  in->any = TRUE;
  in->next = audio->seq + 1;
  in->taken++;
  return TRUE;
}

void
pf_quic_audio_in_clear (PfQuicAudioIn *in)
{
  g_queue_clear_full (&in->packets, (GDestroyNotify) gst_buffer_unref);
}
