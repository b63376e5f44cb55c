"""The partners' side: OCPI. One set of routes and flows; a version is a module that satisfies `Dialect`."""
