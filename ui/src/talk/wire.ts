/* The shape of audio on /ws/media, and the playout's buffers. */
export const WIRE_HZ = 16000;
export const FRAME_SAMPLES = 320; /* 20 ms */
export const RING_MS = 60000; /* servers may send a whole answer at once */
export const CUSHION_MS = 60;
