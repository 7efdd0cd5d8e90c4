/* SPDX-License-Identifier: Apache-2.0 */
/* The words of random_pet. Short, kind, and safe in names: small letters only. */
#include "providers/small/random.h"

static const char *const adverbs[] = {
	"barely", "boldly", "briefly", "brightly", "calmly", "cheerfully", "clearly", "cleverly", "closely", "deeply",
	"eagerly", "early", "easily", "evenly", "fairly", "faithfully", "firmly", "fondly", "freely", "freshly",
	"friendly", "fully", "gently", "gladly", "gracefully", "greatly", "happily", "highly", "honestly", "hugely",
	"jointly", "keenly", "kindly", "largely", "lately", "lightly", "likely", "loosely", "loudly", "loyally",
	"luckily", "mainly", "merrily", "mildly", "mostly", "mutually", "nearly", "neatly", "newly", "nicely",
	"nimbly", "nobly", "notably", "oddly", "openly", "partly", "patiently", "plainly", "politely", "promptly",
	"properly", "proudly", "purely", "quickly", "quietly", "rapidly", "rarely", "readily", "really", "recently",
	"rightly", "safely", "sharply", "shyly", "silently", "simply", "slowly", "smoothly", "softly", "solidly",
	"steadily", "strongly", "surely", "swiftly", "tenderly", "tightly", "truly", "usually", "vastly", "warmly",
	"widely", "wildly", "wisely", "wonderfully",
};

static const char *const adjectives[] = {
	"able", "active", "agile", "airy", "alert", "amber", "ample", "ancient", "apt", "arctic",
	"autumn", "awake", "balmy", "beaming", "blazing", "blissful", "blue", "bold", "brave", "breezy",
	"brief", "bright", "brisk", "broad", "bronze", "busy", "calm", "candid", "capable", "careful",
	"casual", "charming", "cheerful", "chief", "civil", "classic", "clean", "clear", "clever", "coastal",
	"cobalt", "cool", "copper", "coral", "cosmic", "crimson", "crisp", "curious", "daring", "dawning",
	"dear", "decent", "deep", "desert", "diligent", "direct", "distant", "divine", "dreamy", "dry",
	"dusty", "eager", "early", "earnest", "eastern", "easy", "electric", "elegant", "eminent", "endless",
	"enough", "equal", "even", "exact", "fair", "faithful", "famous", "fancy", "fast", "fearless",
	"fine", "firm", "first", "fit", "fleet", "flying", "fond", "free", "fresh", "frosty",
	"full", "gallant", "gentle", "giant", "gifted", "glad", "gleaming", "glowing", "golden", "good",
	"graceful", "grand", "grateful", "great", "green", "happy", "hardy", "harmless", "hearty", "helpful",
	"hidden", "high", "holy", "honest", "hopeful", "huge", "humble", "ideal", "immense", "indigo",
	"inland", "intense", "ivory", "jade", "jolly", "joyful", "jubilant", "just", "keen", "kind",
	"large", "lasting", "leading", "lean", "light", "lively", "living", "logical", "long", "loved",
	"loyal", "lucid", "lucky", "lunar", "magic", "main", "major", "mellow", "merry", "mighty",
	"mild", "misty", "modern", "modest", "moral", "mossy", "moving", "musical", "native", "natural",
	"neat", "new", "nimble", "noble", "normal", "northern", "novel", "oaken", "open", "optimal",
	"orange", "patient", "peaceful", "perfect", "placid", "playful", "pleasant", "poetic", "polar", "polite",
	"precious", "primary", "prime", "prompt", "proper", "proud", "pure", "quick", "quiet", "radiant",
	"rapid", "rare", "ready", "red", "refined", "regal", "relaxed", "resolute", "rich", "rising",
	"robust", "rolling", "romantic", "rosy", "round", "royal", "ruby", "sacred", "safe", "sandy",
	"scenic", "secure", "serene", "shining", "silent", "silver", "sincere", "skilled", "sleek", "smart",
	"smiling", "smooth", "snowy", "social", "soft", "solar", "solid", "sound", "southern", "splendid",
	"stable", "starry", "steady", "stellar", "still", "stirring", "strong", "sturdy", "summer", "sunny",
	"super", "supreme", "sure", "sweet", "swift", "tender", "thankful", "thrifty", "tidy", "timely",
	"tough", "tranquil", "true", "trusted", "tunable", "unique", "upbeat", "urban", "usable", "useful",
	"valiant", "vast", "verdant", "vital", "vivid", "warm", "watchful", "welcome", "western", "whole",
	"wild", "willing", "windy", "winning", "winter", "wise", "witty", "wondrous", "worthy", "young",
};

static const char *const animals[] = {
	"albatross", "alpaca", "anchovy", "ant", "anteater", "antelope", "ape", "armadillo", "badger", "barnacle",
	"barracuda", "bass", "bat", "beagle", "bear", "beaver", "bee", "beetle", "bison", "blackbird",
	"bluebird", "boa", "bobcat", "buffalo", "bulldog", "bullfinch", "bunting", "buzzard", "camel", "canary",
	"capybara", "caribou", "carp", "cat", "caterpillar", "catfish", "chameleon", "cheetah", "chickadee", "chinchilla",
	"chipmunk", "cicada", "clam", "cobra", "cod", "collie", "condor", "corgi", "cormorant", "cougar",
	"cow", "coyote", "crab", "crane", "crayfish", "cricket", "crow", "cuckoo", "curlew", "dachshund",
	"deer", "dingo", "dodo", "dogfish", "dolphin", "donkey", "dormouse", "dove", "dragonfly", "drake",
	"duck", "dunlin", "eagle", "earwig", "echidna", "eel", "egret", "eider", "elephant", "elk",
	"emu", "ermine", "falcon", "fawn", "ferret", "finch", "firefly", "flamingo", "flounder", "fox",
	"frog", "gannet", "gazelle", "gecko", "gerbil", "gibbon", "giraffe", "gnu", "goat", "goldfinch",
	"goldfish", "goose", "gopher", "gorilla", "goshawk", "grebe", "greyhound", "grouse", "guinea", "gull",
	"guppy", "haddock", "halibut", "hamster", "hare", "harrier", "hawk", "hedgehog", "hen", "heron",
	"herring", "hippo", "hornet", "horse", "hound", "hummingbird", "husky", "hyena", "ibex", "ibis",
	"iguana", "impala", "jackal", "jackdaw", "jaguar", "jay", "jellyfish", "kangaroo", "kestrel", "kingfisher",
	"kite", "kitten", "kiwi", "koala", "koi", "krill", "labrador", "ladybird", "lamb", "lapwing",
	"lark", "lemming", "lemur", "leopard", "linnet", "lion", "lizard", "llama", "lobster", "lynx",
	"macaque", "macaw", "mackerel", "magpie", "mallard", "mammoth", "manatee", "mantis", "marlin", "marmot",
	"marten", "martin", "mastiff", "meerkat", "merlin", "minnow", "mole", "mongoose", "monkey", "moose",
	"moth", "mouse", "mule", "mullet", "muskrat", "mussel", "narwhal", "newt", "nightingale", "nuthatch",
	"ocelot", "octopus", "okapi", "opossum", "orca", "oriole", "oryx", "osprey", "ostrich", "otter",
	"owl", "ox", "oyster", "panda", "pangolin", "panther", "parrot", "partridge", "peacock", "pelican",
	"penguin", "perch", "pheasant", "pig", "pigeon", "pike", "pipit", "plover", "polecat", "pony",
	"poodle", "porcupine", "porpoise", "prawn", "puffin", "puma", "puppy", "python", "quail", "rabbit",
	"raccoon", "ram", "raven", "ray", "reindeer", "rhino", "robin", "rook", "rooster", "salamander",
	"salmon", "sardine", "scallop", "seahorse", "seal", "serval", "shark", "sheep", "shrew", "shrimp",
	"skylark", "sloth", "snail", "snipe", "sparrow", "spaniel", "squid", "squirrel", "stag", "starfish",
	"starling", "stingray", "stoat", "stork", "sturgeon", "sunfish", "swallow", "swan", "swift", "tapir",
	"tern", "terrier", "thrush", "tiger", "toad", "tortoise", "toucan", "trout", "tuna", "turbot",
	"turkey", "turtle", "viper", "vole", "wagtail", "wallaby", "walrus", "warbler", "warthog", "wasp",
	"waxwing", "weasel", "whale", "whippet", "wolf", "wolverine", "wombat", "woodcock", "woodpecker", "wren",
	"yak", "zebra",
};

const char *pet_word(struct rng *rng, enum pet_word kind)
{
	switch (kind) {
	case PET_ADVERB:
		return adverbs[rng_below(rng, ARRAY_LEN(adverbs))];
	case PET_ADJECTIVE:
		return adjectives[rng_below(rng, ARRAY_LEN(adjectives))];
	case PET_ANIMAL:
		break;
	}
	return animals[rng_below(rng, ARRAY_LEN(animals))];
}
