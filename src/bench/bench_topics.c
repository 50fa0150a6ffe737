/* bench_topics.c: what the test calls talk about: eight subjects of an invented shop, so that as
 * many calls at once can be told apart by their words. The server gets them as articles, the
 * fake language model answers with their sentences: all of it stands in a source. */
#include "bench_int.h"

const struct bench_topic bench_topics[BENCH_TOPICS] = {
	{ "delivery",
	  "Delivery of parcels",
	  "How does the delivery of my parcel work?",
	  { "Delivery takes about a week.",
	    "Every parcel leaves our warehouse on the evening of the order.",
	    "The driver sends a message before he arrives at your door.",
	    "Heavy parcels are carried into the hallway of the house.",
	    "A neighbour may accept the parcel when you are away from home.",
	    "The parcel waits in the nearest shop when nobody opens the door.",
	    "Islands and mountain villages wait a little longer for the parcel.",
	    "The parcel label shows the name of the driver and the street.",
	    "Broken parcels are collected and replaced without any form." } },
	{ "warranty",
	  "Warranty of tools",
	  "What does the warranty of the tools cover?",
	  { "The warranty covers broken parts.",
	    "Blades and handles belong to the warranty for the first owner.",
	    "Rust on blades is covered when the tool was kept dry.",
	    "The workshop checks the broken tool and writes a short report.",
	    "A repaired tool comes back with a fresh warranty card.",
	    "Painted handles may fade in the sun without a claim.",
	    "Keep the box of the tool because the workshop needs it.",
	    "Springs and screws are sent by letter on request.",
	    "The warranty card lies under the cover of the box." } },
	{ "membership",
	  "Garden club membership",
	  "How can I join the garden club membership?",
	  { "Membership in the garden club is open to everybody.",
	    "Members receive a letter about plants every month.",
	    "The club meets in the greenhouse on the first Sunday.",
	    "Members may borrow large machines from the club shed.",
	    "Children of members plant their own flowers in spring.",
	    "The club garden lies behind the old mill near the river.",
	    "Members share seeds at the long table in autumn.",
	    "Visitors are welcome when they ask the gardener before.",
	    "The membership card opens the gate of the club garden." } },
	{ "payment",
	  "Ways of payment",
	  "Which ways of payment do you accept?",
	  { "Payment by card or transfer is possible.",
	    "The invoice comes by letter together with the goods.",
	    "Companies pay by transfer at the end of the month.",
	    "Cash is accepted in every shop but not by the driver.",
	    "The bank shows the payment under the name of our shop.",
	    "A payment in parts is agreed with the cashier in writing.",
	    "The cashier stamps the invoice when the payment has arrived.",
	    "Foreign cards are accepted in the shops near the border.",
	    "Lost invoices are printed again by the cashier." } },
	{ "assembly",
	  "Assembly of sheds",
	  "Who does the assembly of the wooden shed?",
	  { "Our carpenters do the assembly of sheds.",
	    "Two carpenters build the wooden shed in one morning.",
	    "The ground must be flat and free of roots and stones.",
	    "The carpenters bring the roof with a second truck.",
	    "Doors and windows of the shed are hung at the end.",
	    "The carpenters take the wrapping with them when they leave.",
	    "A shed near the fence needs the word of the neighbour.",
	    "Wood oil for the walls lies ready in the truck.",
	    "Rain stops the assembly because wet wood bends later." } },
	{ "watering",
	  "Watering of roses",
	  "What should I know about the watering of roses?",
	  { "Roses need watering early in the morning.",
	    "Water the ground around the roses and never the leaves.",
	    "Young roses drink more water than old roses with deep roots.",
	    "A layer of bark keeps the ground around roses wet.",
	    "Yellow leaves show that the roses got too much water.",
	    "Rain water is softer and better for roses than tap water.",
	    "Roses in pots dry quickly when the wind is warm.",
	    "In autumn the roses sleep and the can stays in the shed.",
	    "A slow hose waters a whole row of roses over night." } },
	{ "repair",
	  "Repair of mowers",
	  "How do I get a repair of my lawn mower?",
	  { "The workshop does the repair of mowers.",
	    "Bring the mower to the workshop behind the main shop.",
	    "The mechanic listens to the motor and names the fault.",
	    "Old mowers get used parts from the shelf of the mechanic.",
	    "The mechanic sharpens the knife of the mower for free.",
	    "A mower that smells of smoke must stay in the yard.",
	    "You may borrow another mower until yours is ready.",
	    "The mechanic calls you when the motor runs again.",
	    "Empty the tank of the mower before you bring it." } },
	{ "recycling",
	  "Recycling of batteries",
	  "Where is the recycling of old batteries?",
	  { "Recycling of batteries is done in our shops.",
	    "A green box for batteries stands beside every cashier.",
	    "Tape over the ends of the batteries keeps them safe.",
	    "Leaking batteries belong into a glass with a lid.",
	    "The driver collects batteries of mowers at your door.",
	    "Schools collect batteries with us and plant trees for them.",
	    "The metal of batteries comes back as new tools.",
	    "Batteries never belong into the bin of the kitchen.",
	    "The green box is emptied on the last day of the week." } },
};

/* Answers to single sentences; all of them stand in the article about delivery. */
const char *const bench_scripts[][2] = {
	{ "change the phone number", "Please tell me your phone number. [1]" },
	{ "check the phone number", "Is that number right? [1]" },
	{ "yes", "Thank you." },
	{ "speak to a person", "[tool handoff]" },
	{ "配送", "配送大约需要一周。 [1]" },
	{ "that is all", "[tool end]Thank you, and goodbye." },
	{ NULL, NULL },
};

/* The customer's question has the key; a sentence of ours may share one word with another
 * subject, so whole sentences are looked for first. */
int bench_topic_of(sv text)
{
	for (int i = 0; i < BENCH_TOPICS; i++)
		for (int k = 0; k < BENCH_SENTENCES; k++)
			if (sv_find(text, sv_of(bench_topics[i].say[k])) >= 0)
				return i;
	for (int i = 0; i < BENCH_TOPICS; i++)
		if (sv_find(text, sv_of(bench_topics[i].key)) >= 0)
			return i;
	return -1;
}

void bench_article(const struct bench_topic *t, struct sb *out)
{
	sb_fmt(out, "---\nid: bench-%s\nlang: en\ntitle: %s\ncategory: bench\naliases: %s; tell me "
		    "about %s\n---\n",
	       t->key, t->title, t->question, t->key);
	for (int i = 0; i < BENCH_SENTENCES; i++)
		sb_fmt(out, "%s%s", t->say[i], i + 1 < BENCH_SENTENCES ? " " : "\n");
	if (t == &bench_topics[0])
		sb_cstr(out, "\nTo change the phone number of the delivery we ask: Please tell "
			     "me your "
			     "phone number. Is that number right?\n");
}

/* For T18: the only one in Chinese. */
const char bench_article_zh[] =
	"---\nid: bench-zh\nlang: zh\ntitle: 包裹配送\ncategory: bench\n"
	"aliases: 包裹配送需要多长时间; 配送到家里要几天\n---\n"
	"配送大约需要一周。每个包裹在下单当天晚上离开仓库。\n";

const char bench_company[] =
	"name:\n  en: \"Brightlake\"\n"
	"business:\n  en: \"Garden tools\"\n"
	"languages: [\"en\", \"zh\"]\n"
	"default_language: \"en\"\n"
	"phone: \"the number on your card\"\n"
	"email: \"care@brightlake.example\"\n"
	"hours:\n  text:\n    en: \"every day\"\n    zh: \"每天\"\n"
	"greeting:\n  phone:\n    en: \"Hello, this is the assistant of Brightlake. How can I "
	"help?\"\n"
	"    zh: \"您好，这里是亮湖助手，请问有什么可以帮您？\"\n"
	"closing:\n  en: \"Thank you for calling Brightlake. Have a good day, and goodbye.\"\n"
	"  zh: \"感谢您的来电，再见。\"\n"
	"keypad:\n  prompt:\n    en: \"Press one for delivery.\"\n    zh: \"配送请按一。\"\n"
	"  repeat:\n    en: \"Please press a number.\"\n    zh: \"请按一个数字。\"\n"
	"  keys:\n    - digit: \"1\"\n      article: \"bench-delivery\"\n      action: "
	"\"answer\"\n"
	"      label:\n        en: \"Delivery\"\n        zh: \"配送\"\n"
	"      prompt:\n        en: \"Delivery. Please ask.\"\n        zh: \"配送，请说。\"\n";
