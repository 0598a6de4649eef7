/** All modules that show: a panel registers itself when it is imported. */
import "./typing.mjs";
import "./both_sides_view.mjs";
import "./blanks_view.mjs";
import "./translation_view.mjs";
import "./pixels_view.mjs";
import "./hmm_view.mjs";
import "./memory_view.mjs";
import "./inside_view.mjs";
