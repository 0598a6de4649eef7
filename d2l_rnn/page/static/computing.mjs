/** All modules that compute: a kind of net registers itself when it is imported. */
import "./language.mjs";
import "./inside.mjs";
