"""One HTML file in which trained networks live: they type, and show what is inside.

weights    the arrays of a run as base 64, with their SHA-256
kinds      which net is shown how: its arrays, and how they are put together
contents   what the page says about a run
script     the JavaScript files of ``static/`` as one script
document   the page: policy, data, scripts, style

A page carries data blocks, which no browser executes: ``runs`` (JSON: a list of
``RunFacts``, see ``static/kinds.mjs``), ``weights-0``, ``weights-1``, ... (base 64),
and ``computing``, the text of the worker. Two scripts are made of ``static/``: the
worker of ``worker.mjs`` and all that it imports, and the page of ``page.mjs``.

**The contract of a kind of net.** To show one more kind:

1. Python: :data:`.kinds.KINDS` gets a row, from the type of the net
   (:mod:`d2l_rnn.export.nets`) to a name and to what JavaScript has to know beside the
   arrays (``facts.net``).
2. Computing: a module that calls ``registerKind(name, make, calls)`` of ``kinds.mjs``
   and is imported by ``computing.mjs``. ``make(facts, arrays)`` gives the model; each
   call is ``(model, given) -> result``, both of what ``postMessage`` takes. More calls
   for a kind that is there: ``registerCalls``. Long work is cut into several calls, so
   that the worker answers others in between.
3. Showing: a module that calls ``registerPanel({kind, title, build, when})`` of
   ``panels.mjs`` and is imported by ``views.mjs``. ``build(run)`` gives an element;
   ``run.ask(call, given)`` is the worker's promise, ``run.facts`` the facts,
   ``run.tell`` and ``run.on`` the events between panels: ``"text"`` and ``"place"`` of
   language models (see ``text.mjs``). Words, English and Chinese, by ``registerWords``
   and ``say`` of ``words.mjs``; the event ``spoken`` of the document tells that the
   language changed, for what is drawn. Elements by ``element`` of ``elements.mjs``: no
   HTML is parsed.
4. Style: every ``*.css`` of ``static/`` goes into the page. Colours are the report's
   variables (``--ours``, ``--soft``, ...), so that light and dark follow.

A module's ``import`` lines stand at its head, what it exports is marked by ``export``
before the declaration, and its names are its own among all modules: so a page's script
is made by leaving out the ``import`` lines and the word ``export``, without any tool.
Tests hold all this (``tests/page``)."""
