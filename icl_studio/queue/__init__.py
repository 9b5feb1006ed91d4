"""The persistent queue: jobs that survive whatever happens, each making one set exactly once.

In reading order: :mod:`.states` says what a job can be and become, :mod:`.job` what it is,
:mod:`.migrations` and :mod:`.sql` how it lies in SQLite, :mod:`.store` how it is added and
listed, :mod:`.control` what a user may do with it, :mod:`.turns` whose turn it is and
:mod:`.claims` who works on it, :mod:`.retries` what a death means, and :mod:`.running` carries
everything out.
"""
