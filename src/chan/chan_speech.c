/* chan_speech.c: speech as the voice uses it, done by the model room. A file of its own: tests
 * bring theirs. */
#include "chan_voice.h"

const struct chan_speech_ops chan_speech_model = {
	asr_serves, asr_start, asr_feed,  asr_flush,  asr_cancel,
	tts_serves, tts_start, tts_cancel, turn_start, turn_cancel,
};
