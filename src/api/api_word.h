/* api_word.h: words that wait for a conversation to be loaded. Private to the api. */
#ifndef CALLM_API_WORD_H
#define CALLM_API_WORD_H

struct api_chat;

/* The chat is loaded (0), or it will not be: err. Door's thread. */
void api_words_go_on(struct api_chat *c, int err);

#endif
