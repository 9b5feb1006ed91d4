"""The window: sets you can see, steer and cull. Qt lives here and nowhere else.

In reading order: :mod:`.pages` says what a page is and which there are, :mod:`.studio` what
every page is given, :mod:`.background` how work that blocks is kept off the window's thread,
:mod:`.desk` how the queue is asked, :mod:`.bridge` how it is run and heard, :mod:`.theme`,
:mod:`.icons` and :mod:`.texts` how things look and read, :mod:`.shell` the window around the
pages, :mod:`.main` how it starts. Each page is a package of its own: ``state`` (plain Python,
decides), ``model`` (Qt adapters over the domain), ``page`` and other views (show and emit).
"""
