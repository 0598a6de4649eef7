/** All modules that show: a panel registers itself when it is imported. */
import "./typing.mjs";
import "./memory_view.mjs";
import "./inside_view.mjs";
