# SPDX-License-Identifier: Apache-2.0
# The binary needs root to do anything useful, hence sbin.
install(TARGETS minipod RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}")
install(FILES README.md ARCHITECTURE.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs/ DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)
install(DIRECTORY examples/ DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples" OPTIONAL)

# One pod as a service; docs/systemd.md. Where the program is, is only known while installing.
install(CODE "
	set(SBINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}\")
	set(DOCDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
	set(SYSCONFDIR /etc)
	configure_file(\"${PROJECT_SOURCE_DIR}/cmake/minipod@.service.in\"
		\"${PROJECT_BINARY_DIR}/minipod@.service\" @ONLY)")
install(FILES "${PROJECT_BINARY_DIR}/minipod@.service" DESTINATION lib/systemd/system)

# The manual page and the shells' completions come from the program's own option table.
if(NOT CMAKE_CROSSCOMPILING)
	set(share "${PROJECT_BINARY_DIR}/share")
	add_custom_command(OUTPUT "${share}/minipod.8.gz" "${share}/minipod.bash"
			"${share}/_minipod" "${share}/minipod.fish" "${share}/changelog.gz"
			"${share}/changelog.Debian.gz"
		COMMAND sh "${PROJECT_SOURCE_DIR}/cmake/share.sh" "$<TARGET_FILE:minipod>"
			"${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${PROJECT_VERSION}-1" "${share}"
		DEPENDS minipod "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
			"${PROJECT_SOURCE_DIR}/cmake/share.sh"
		COMMENT "Manual page and completions" VERBATIM)
	# Not part of "all": sanitizer builds of a developer's inner loop need none of it.
	add_custom_target(share DEPENDS "${share}/minipod.8.gz")
	install(FILES "${share}/minipod.8.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man8" OPTIONAL)
	install(FILES "${share}/changelog.gz" "${share}/changelog.Debian.gz"
		DESTINATION "${CMAKE_INSTALL_DOCDIR}" OPTIONAL)
	install(FILES "${share}/minipod.bash" RENAME minipod OPTIONAL
		DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
	install(FILES "${share}/_minipod" OPTIONAL
		DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
	install(FILES "${share}/minipod.fish" OPTIONAL
		DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()

# scripts/package makes the Debian package.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME minipod)
set(CPACK_PACKAGE_CONTACT "minipod maintainers <minipod@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
	GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "skopeo, libssl3")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"minipod runs core/v1 Pods as a Kubernetes 1.36 node would: namespaces, init
containers, sidecars, hooks, probes, restarts and grace periods, without a
daemon, a cluster or a registry.")
configure_file("${PROJECT_SOURCE_DIR}/cmake/copyright.in" "${PROJECT_BINARY_DIR}/copyright" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/copyright" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
include(CPack)
