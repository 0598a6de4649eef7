/** All modules that compute: a kind of net registers itself when it is imported. */
import "./both_sides_calls.mjs";
import "./hmm_calls.mjs";
import "./pixels_calls.mjs";
import "./translation_calls.mjs";
import "./language.mjs";
import "./inside.mjs";
