"""What the hub's answers mean for a user, and what to do next about each."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ModelUnavailable

LOGIN = "`hf auth login`"


@contextmanager
def told(repository: str, *, gated: bool = False, during: str = "") -> Iterator[None]:
    """Turn what huggingface_hub raises into :class:`ModelUnavailable`; ``gated`` if known."""
    from huggingface_hub import errors
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled as error:
        raise _offline(repository) from error
    except errors.GatedRepoError as error:
        raise _gated(repository) from error
    except HfHubHTTPError as error:
        raise _answered(repository, error, gated) from error
    except errors.HFValidationError as error:
        raise ModelUnavailable(
            f"{repository!r} is not a name the hub can have.", fix="Names are owner/repository."
        ) from error
    except OSError as error:
        raise _disk_or_network(repository, error, during) from error
    except Exception as error:
        if not _is_network(error, during):
            raise
        raise _not_reached(repository, error, during) from error


def model_page(repository: str) -> str:
    """The address of the page where a model's licence is read and accepted."""
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{repository}"


def _has_token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None


def _offline(repository: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{repository} is not on this machine and the hub is switched off (HF_HUB_OFFLINE).",
        fix="Unset HF_HUB_OFFLINE to download it, or name a model that is here: icl-studio models.",
    )


def _gated(repository: str) -> ModelUnavailable:
    page = model_page(repository)
    if not _has_token():
        return ModelUnavailable(
            f"{repository} is given only to people who accepted its licence, and there is no "
            "hub token on this machine.",
            fix=f"Accept the licence at {page}, then run {LOGIN}, then this command again.",
        )
    return ModelUnavailable(
        f"Your hub account has not been given access to {repository}.",
        fix=f"Accept the licence at {page} with the account of your token (see `hf auth whoami`); "
        "a fine-grained token must also be allowed to read gated repositories.",
    )


def _answered(repository: str, error: Exception, gated: bool) -> ModelUnavailable:
    """The hub answered with an error: 401 stands for a bad token, but also for no such model."""
    from huggingface_hub import errors

    status = int(getattr(getattr(error, "response", None), "status_code", 0))
    if isinstance(error, errors.EntryNotFoundError):
        return ModelUnavailable(
            f"The hub has no file {repository}.", fix="Check the spelling on the model's page."
        )
    missing = isinstance(error, errors.RepositoryNotFoundError) or status == 404
    if missing or (status == 401 and not _has_token()):
        if gated:
            return _gated(repository)
        if _has_token():
            what = f"The hub has no model {repository}, or your account may not see it."
            fix = "Check the spelling and, for a private model, the account (`hf auth whoami`)."
        else:
            what = f"The hub has no public model {repository}."
            fix = f"Check the spelling. If it is private, run {LOGIN} first."
        return ModelUnavailable(what, fix=fix)
    if status == 401:
        return ModelUnavailable(
            f"The hub refused your token when asked for {repository}: it is wrong or has expired.",
            fix=f"Make a new token in your account's settings and run {LOGIN}; a token in the "
            "environment variable HF_TOKEN goes before the saved one.",
        )
    if status == 403:
        return _gated(repository)
    if status == 429:
        return ModelUnavailable(
            "The hub asks for a pause (too many requests).", fix="Try again in some minutes."
        )
    return ModelUnavailable(
        f"The hub answered {status or 'with an error'} when asked for {repository}.",
        fix="Try again later.",
    )


def _disk_or_network(repository: str, error: OSError, during: str) -> ModelUnavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelUnavailable(
            f"The disk ran full while {repository} was downloaded.",
            fix="Free some space and run the command again: it continues where it stopped.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ModelUnavailable(
            f"The hub's cache cannot be written: {error.filename or error}.",
            fix="Make the folder writable, or set HF_HOME to one that is.",
        )
    return _not_reached(repository, error, during)


def _is_network(error: Exception, during: str) -> bool:
    """Whether ``error`` comes from the hub library's HTTP client, whichever that is."""
    if during == "download" and type(error) in (RuntimeError, _xet_error()):
        return True  # how the hub's own transfer library ends
    return type(error).__module__.split(".")[0] in {"httpx", "httpx2", "httpcore", "requests"}


def _xet_error() -> type[Exception]:
    from huggingface_hub import errors

    return getattr(errors, "XetDownloadError", RuntimeError)


def _not_reached(repository: str, error: Exception, during: str) -> ModelUnavailable:
    if during == "download":
        return ModelUnavailable(
            f"The download of {repository} was interrupted: {error}.",
            fix="Run the command again: it continues where it stopped.",
        )
    return ModelUnavailable(
        f"The hub could not be reached to fetch {repository}: {error}.",
        fix="Check the network (behind a proxy, HTTPS_PROXY), or name a model that is here: "
        "icl-studio models.",
    )
